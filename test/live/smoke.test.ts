import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { CATALOGUE } from '../../src/checks/catalogue.ts';
import { type DoctorRun, doctor, documentOf } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { labMissing, openTestLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { readXml } from '../support/xml.ts';

const REQUIRED = CATALOGUE.filter(({ required }) => required).map(({ id }) => id);

/** A busy machine may not answer in time: what is looked for here is the healthy state, not its speed. */
const PATIENT = ['--wait', '60s'];

describeLive('smoke after a deploy', labMissing, () => {
  let lab: Lab;
  let dispose: (() => Promise<void>) | undefined;
  let payment = '';

  beforeAll(async () => {
    ({ lab, dispose } = await openTestLab({ warm: true }));
    [payment = ''] = await lab.pay(1);
    await lab.waitForSessions([payment]);
    await lab.waitForIdle();
  });
  afterAll(async () => {
    await dispose?.();
  });

  async function smoke(
    args: readonly string[],
    options: {
      readonly environment?: Readonly<Record<string, string>>;
      readonly onStderr?: (text: string) => void;
    } = {},
  ): Promise<DoctorRun> {
    await using folder = await emptyFolder();
    return await doctor(['smoke', '--project', lab.project, '--config', lab.configFile, ...args], {
      cwd: folder.path,
      ...options,
    });
  }

  it('is 0 on a healthy platform, for people, programs and CI', async () => {
    const human = await smoke(PATIENT);
    expect(human.exitCode, human.stdout + human.stderr).toBe(0);
    const document = documentOf(await smoke(['--json', ...PATIENT]));
    expect([document.command, document.exitCode]).toEqual(['smoke', 0]);
    expect(document.checks.map(({ id }) => id)).toEqual(REQUIRED);
    const junit = await smoke(['--format', 'junit', ...PATIENT]);
    expect(readXml(junit.stdout).attributes, junit.stdout + junit.stderr).toMatchObject({
      tests: String(REQUIRED.length),
      failures: '0',
      errors: '0',
    });
    expect(junit.exitCode).toBe(0);
  });

  it('turns 0 by itself once a late worker has joined, and is 1 without waiting', async () => {
    await lab.stop('purchase-worker');
    // A worker that went politely a moment ago may be on its way back: for 10 s that is a warning.
    const once = await lab.until('a stopped worker that fails the smoke check', async () => {
      const run = await smoke([]);
      return run.exitCode === 1 ? run : false;
    });
    expect(once.stdout).toMatch(/^✗ containers\/workers-running +failed: .*purchase-worker/m);

    let run: Promise<DoctorRun> | undefined;
    await new Promise<void>((resolve, reject) => {
      run = smoke(['--wait', '120s'], {
        onStderr: (text) => {
          if (text.includes('waiting for ')) resolve();
        },
      });
      run.then(() => resolve(), reject);
    });
    await lab.start('purchase-worker');
    const done = await run;
    expect(done?.exitCode, `${done?.stdout}${done?.stderr}`).toBe(0);
    expect(done?.stderr).toMatch(
      /^waiting for .*containers\/workers-running.*; looking again for up to \d+ s$/m,
    );
    expect(await lab.undelivered([payment])).toEqual([]);
    await lab.waitForIdle();
  });

  it('is never 0 while Docker is hidden, however long it waits', async () => {
    const hidden = await smoke(['--wait', '5s'], { environment: { DOCKER_HOST: 'tcp://127.0.0.1:1' } });
    expect(hidden.exitCode, hidden.stdout + hidden.stderr).toBe(3);
    expect(hidden.stdout).toMatch(/^\? containers\/workers-running +could not look: /m);
    expect(hidden.stderr).toContain('looking again');
  });
});
