import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BIN } from '../support/doctor.ts';
import { neverDeployed } from '../support/golden.ts';
import { describeLive } from '../support/live.ts';
import { serveTcp, type TestServer } from '../support/tcp.ts';
import { openTerminal, type Terminal, tmuxMissing } from '../support/terminal.ts';
import { NOWHERE, openWorkplace, type Workplace } from './workplace.ts';

const DOCTOR = `'${process.execPath}' '${BIN}'`;

describeLive('in a terminal', tmuxMissing, () => {
  let place: Workplace;
  let mute: TestServer;

  beforeAll(async () => {
    place = await openWorkplace();
    await place.writeSnapshot('incident.json', neverDeployed());
    mute = await serveTcp(() => {});
  });
  afterAll(async () => {
    await mute[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const open = (environment: Readonly<Record<string, string>> = {}): Promise<Terminal> =>
    openTerminal(place.folder, { ...NOWHERE, DOCKER_HOST: `tcp://${mute.address}`, ...environment });

  it('shows what it waits for, and leaves nothing of that beside the result', async () => {
    await using terminal = await open();
    await terminal.type(`${DOCTOR} --timeout 6; echo "end=$?"`);
    await terminal.until(/looking at docker: containers/);
    const shown = await terminal.until(/^end=3$/m);
    expect(shown).not.toContain('looking at');
    expect(shown).toMatch(/^not known to be healthy: /m);
    expect(await terminal.screen({ withColours: true })).toContain('\u001b[35m?');
  });

  it('uses the width of the terminal and its colours', async () => {
    await using terminal = await open();
    await terminal.type(`${DOCTOR} --from incident.json; echo "end=$?"`);
    const shown = await terminal.until(/^end=1$/m);
    const widest = Math.max(
      ...shown
        .split('\n')
        .slice(1)
        .map((line) => line.length),
    );
    expect(widest).toBeGreaterThan(80);
    expect(widest).toBeLessThanOrEqual(100);
    expect(await terminal.screen({ withColours: true })).toContain('\u001b[31m✗');
  });

  it.each([
    ['NO_COLOR=1', { NO_COLOR: '1' }, ''],
    ['--no-color', {}, '--no-color'],
    ['TERM=dumb', { TERM: 'dumb' }, ''],
  ])('has no colours with %s', async (_, environment, flag) => {
    await using terminal = await open(environment);
    await terminal.type(`${DOCTOR} ${flag} --from incident.json; echo "end=$?"`);
    await terminal.until(/^end=1$/m);
    expect(await terminal.screen({ withColours: true })).not.toContain('\u001b[');
  });

  it.each([
    ['CI=true', { CI: 'true' }],
    ['TERM=dumb', { TERM: 'dumb' }],
  ])('shows no progress with %s', async (_, environment) => {
    await using terminal = await open(environment);
    const record = join(place.folder, 'record.txt');
    await terminal.record(record);
    await terminal.type(`${DOCTOR} --timeout 3; echo "end=$?"`);
    await terminal.until(/^end=3$/m);
    const bytes = await readFile(record, 'utf8');
    expect(bytes).toContain('not known to be healthy');
    expect(bytes).not.toContain('looking at docker');
  });

  it('gives the terminal back on Ctrl-C, at once', async () => {
    await using terminal = await open();
    await terminal.type(`${DOCTOR}; echo "end=$?"`);
    await terminal.until(/looking at docker: containers/);
    const beganMs = performance.now();
    await terminal.press('C-c');
    const shown = await terminal.until(/^end=130$/m);
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    expect(shown).toContain('interrupted; nothing was changed');
    expect(shown).not.toContain('looking at');
    expect(await terminal.isSane()).toBe(true);
  });

  it.each([
    ['input from a file', `${DOCTOR} fix </dev/null`],
    ['input closed', `${DOCTOR} fix <&-`],
    ['all output in a pipe', `(set -o pipefail; ${DOCTOR} fix 2>&1 | cat)`],
    ['CI', `CI=1 ${DOCTOR} fix`],
    ['--no-input', `${DOCTOR} fix --no-input`],
    ['a run to go on with', `${DOCTOR} fix --resume 12345678 </dev/null`],
    ['a run to take back', `${DOCTOR} undo 12345678 </dev/null`],
  ])('%s: asks nobody, and says so at once', async (_, line) => {
    await using terminal = await open();
    const beganMs = performance.now();
    await terminal.start(line);
    expect(await terminal.end()).toBe(2);
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    expect(await terminal.screen()).toContain('nobody can be asked here, and nobody agreed in advance');
  });
});
