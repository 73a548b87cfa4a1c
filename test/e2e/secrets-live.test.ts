import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LabDocker } from '../../lab/docker.ts';
import { findHostPrograms, programMounts } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import { LAB_LABEL } from '../../lab/layout.ts';
import { type DoctorRun, doctor } from '../support/doctor.ts';
import { labMissing, openTestLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';
import { KNOWN_SECRETS, PLANTED_SECRETS } from '../support/secrets.ts';
import { HOSTILE, OBEYED } from './controls.ts';
import { leaksIn } from './leaks.ts';

const BRING_UP_MS = 600_000;
const LOOK_MS = 120_000;

const TEXTS = PLANTED_SECRETS.map(({ text }) => text.replaceAll('\0', ' '));
const PLANTED = Object.fromEntries(TEXTS.map((text, index) => [`PLANTED_${index}`, text]));
const [PASSWORD = '', TOKEN = '', PIN = '', SASL = ''] = KNOWN_SECRETS;

/** Prints what it was given and stays, as a worker does that heartbeats and reads nothing. */
const PARROT =
  'process.stderr.write(Buffer.from(process.env.LINES, "base64")); setInterval(() => {}, 1 << 30)';

describeLive('secrets and hostile text of a live platform', labMissing, () => {
  let lab: Lab;
  let dispose: (() => Promise<void>) | undefined;
  let folder: string;
  let payment: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kc-secrets-'));
    ({ lab, dispose } = await openTestLab());
    await appendFile(
      join(lab.projectDirectory, '.env.production'),
      `\nAPI_SECRET='${PASSWORD}'\nADMIN_TOKEN=${TOKEN}\nKAFKA_PASSWORD=${SASL}\nREDIS_URL=redis://:${PIN}@127.0.0.1:1\n`,
    );
    await addBystander(lab);
    await lab.stop('purchase-worker');
    [payment = ''] = await lab.pay(1);
    await lab.sql('update payments set currency = $1 where id = $2', ['\u009bJ\u202e', payment]);
    await lab.recreate('purchase-worker', await parrot(lines(payment)));
    await lab.kafka.send(
      'dead-letter-queue',
      TEXTS.map((text, index) => deadLetter(payment, `${text}${HOSTILE}`, index)),
    );
    await lab.waitForAge([payment], 13_000);
  }, BRING_UP_MS);
  afterAll(async () => {
    await dispose?.();
    await rm(folder, { recursive: true, force: true });
  }, LOOK_MS);

  const look = (...args: readonly string[]): Promise<DoctorRun> =>
    doctor([...args, '--project', lab.project, '--config', lab.configFile], {
      cwd: lab.projectDirectory,
      environment: lab.environment,
    });
  /** Passwords that the lab made up. */
  const own = () =>
    [lab.platformDatabaseUrl, lab.readOnlyDatabaseUrl, lab.databaseUrl].map((url) => new URL(url).password);

  function expectClean({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): void {
    const shown = stdout + stderr;
    expect(leaksIn(shown)).toEqual([]);
    expect(own().filter((secret) => shown.includes(secret))).toEqual([]);
    expect(OBEYED.exec(shown)).toBeNull();
  }

  it.each([
    'diagnose',
    'diagnose --verbose',
    'diagnose --json',
    'config',
    'config --json',
    'smoke',
    'fix --dry-run',
  ])(
    'are not in %s',
    async (line) => {
      const run = await look(...line.split(' '));
      expectClean(run);
      expect(run.stdout.length).toBeGreaterThan(200);
    },
    LOOK_MS,
  );

  it(
    'are not in a trace, which shows what is hostile as visible text',
    async () => {
      const human = await look('trace', payment);
      expectClean(human);
      expect(human.stdout).toMatch(/\\u\{9b\}J\\u\{202e\}/i);
      expect(human.exitCode).toBe(1);
      expectClean(await look('trace', payment, '--json'));
    },
    LOOK_MS,
  );

  it(
    'are not in a snapshot, which did see the log and the dead letters',
    async () => {
      const file = join(folder, 'taken.json');
      expectClean(await look('snapshot', '-o', file));
      const text = await readFile(file, 'utf8');
      expect(leaksIn(text)).toEqual([]);
      expect(own().filter((secret) => text.includes(secret))).toEqual([]);
      expect(text.includes('could not log in with •••')).toBe(true);
      expect(text.includes('PIN is •••')).toBe(true);
      const again = await doctor(['--from', file, '--verbose'], { cwd: folder });
      expectClean(again);
    },
    LOOK_MS,
  );
});

/** What a worker would log that quotes each secret and each escape sequence in a line about the payment. */
function lines(payment: string): readonly string[] {
  return TEXTS.flatMap((text) => [
    JSON.stringify({
      level: 'error',
      message: `Failed to process PURCHASE_CONFIRMED: ${text}${HOSTILE}`,
      service: 'purchase-worker',
      correlationId: payment,
    }),
    JSON.stringify({
      level: 'error',
      message: `the moon is in the wrong house: ${text}`,
      correlationId: payment,
    }),
    `raw ${text}${HOSTILE}`,
  ]);
}

async function parrot(said: readonly string[]) {
  const { node } = await findHostPrograms();
  return {
    command: [node, '-e', PARROT],
    environment: { ...PLANTED, LINES: Buffer.from(`${said.join('\n')}\n`).toString('base64') },
  };
}

function deadLetter(payment: string, failureReason: string, index: number) {
  return {
    key: payment,
    value: JSON.stringify({
      originalEvent: { eventType: 'PURCHASE_CONFIRMED' },
      originalTopic: 'purchase-confirmed',
      originalPartition: 0,
      originalOffset: String(1_000 + index),
      failureReason,
      attempts: 3,
      correlationId: payment,
      eventId: payment,
    }),
  };
}

/** Somebody else's container on the same daemon, full of secrets, in a compose project of its own. */
async function addBystander(lab: Lab): Promise<void> {
  const docker = new LabDocker();
  const { command, environment } = await parrot(TEXTS);
  const name = `${lab.project}-neighbour`;
  await docker.create(name, {
    Cmd: [...command],
    Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
    Labels: {
      'com.docker.compose.project': `neighbour-${lab.name}`,
      'com.docker.compose.service': 'web',
      [LAB_LABEL]: lab.name,
    },
    HostConfig: { Binds: [...(await programMounts(await findHostPrograms()))], NetworkMode: 'none' },
  });
  await docker.start(name);
}
