import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { redact } from '../../../src/adapters/snapshot/redact.ts';
import { readSnapshot, writeSnapshot } from '../../../src/adapters/snapshot/snapshot-file.ts';
import { UsageError } from '../../../src/errors.ts';
import { encode } from '../../../src/platform/codec.ts';
import type { PlatformState } from '../../../src/platform/state.ts';
import { leftRun } from '../../support/golden.ts';
import { KNOWN_SECRETS, PLANTED_SECRETS } from '../../support/secrets.ts';
import {
  crashForGood,
  deadLetter,
  gap,
  healthyState,
  logLine,
  NOW,
  withDeadLetters,
  withLogLines,
  withPayment,
  withUnseen,
} from '../../support/states.ts';

const TOOL = { name: 'kc-doctor', version: '0.1.0' } as const;
let folder = '';
let file = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kc-snapshot-'));
  file = join(folder, 'incident.json');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const STATES: readonly (readonly [string, PlatformState])[] = [
  ['healthy', healthyState()],
  ['with a payment on its way', withPayment(healthyState(), { upTo: 'created-record' })],
  ['with a dead worker', withLogLines(healthyState(), 'purchase-worker', crashForGood(NOW))],
  ['with runs', leftRun()],
  ['with unseen parts', withUnseen(withUnseen(healthyState(), 'payments'), 'cluster', gap('kafka'))],
];

describe('a snapshot', () => {
  it.each(STATES)('is read as it was written: %s', async (_, state) => {
    await writeSnapshot(file, state, TOOL, []);
    expect(await readSnapshot(file)).toEqual(redact(state, []));
    expect(redact(state, [])).toEqual(state);
  });

  it('keeps the names of compose files and not the folders of the machine', () => {
    expect(redact({ files: ['/srv/shop/docker-compose.yml'] }, [])).toEqual({
      files: ['docker-compose.yml'],
    });
  });

  it('can be read by its owner alone, even in the place of an open file, and leaves nothing beside it', async () => {
    await writeFile(file, 'old', { mode: 0o644 });
    await writeSnapshot(file, healthyState(), TOOL, []);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['incident.json']);
  });

  it('holds no secret and nothing personal', async () => {
    const leaky = PLANTED_SECRETS.map(({ text }) => logLine({ message: text, kind: 'error' }));
    const person = logLine({
      message: 'student Asha <asha@mail.example> +91 98765 43210 has no GPS coordinates',
    });
    const state = withDeadLetters(withLogLines(healthyState(), 'purchase-worker', [...leaky, person]), [
      deadLetter('purchase-created', 1, 41n, {
        failureReason: 'mail to ravi@mail.example failed, password=open-sesame',
      }),
    ]);
    await writeSnapshot(file, state, TOOL, KNOWN_SECRETS);
    const text = await readFile(file, 'utf8');
    const written =
      text +
      JSON.stringify(await readSnapshot(file), (_key, part: unknown) =>
        typeof part === 'bigint' ? String(part) : part,
      );
    for (const { leak } of PLANTED_SECRETS) expect(written).not.toContain(leak);
    for (const leak of ['asha@', '98765', 'ravi@', 'open-sesame']) expect(written).not.toContain(leak);
    expect(written).toContain('kodingcaravan-purchase-worker');
  });

  it('of a later version may hold more than is known here', async () => {
    const state = { ...healthyState(), weather: { sun: 1n } };
    await writeSnapshot(file, state, TOOL, []);
    expect(await readSnapshot(file)).toMatchObject({ weather: { sun: 1n } });
  });

  it('that cannot be written is a usage error and leaves nothing', async () => {
    await expect(writeSnapshot(join(folder, 'no', 'such'), healthyState(), TOOL, [])).rejects.toThrow(
      UsageError,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a file that is no snapshot', () => {
  const refusal = async (text: string) => {
    await writeFile(file, text);
    return readSnapshot(file).then(
      () => null,
      (error: unknown) => error,
    );
  };

  it('is refused in one sentence', async () => {
    expect(await refusal('hello')).toMatchObject({ code: 'KC_SNAPSHOT_FOREIGN' });
    expect(await refusal('[]')).toMatchObject({ code: 'KC_SNAPSHOT_FOREIGN' });
    expect(await refusal('{"name":"package"}')).toMatchObject({ code: 'KC_SNAPSHOT_FOREIGN' });
    expect(await refusal('')).toBeInstanceOf(UsageError);
  });

  it('because it was cut off says so', async () => {
    await writeSnapshot(file, healthyState(), TOOL, []);
    const whole = await readFile(file, 'utf8');
    const error = await refusal(whole.slice(0, whole.length / 2));
    expect(error).toMatchObject({
      code: 'KC_SNAPSHOT_DAMAGED',
      message: `the snapshot ${file} is cut off or damaged`,
    });
  });

  it('because it is of a newer version names both versions', async () => {
    const error = await refusal(
      '{"kind":"kc-doctor snapshot","schemaVersion":9,"tool":{"version":"4.0.0"},"state":{}}',
    );
    expect(error).toMatchObject({
      message: `${file} is a snapshot of version 9, written by kc-doctor 4.0.0, and this kc-doctor reads up to 1`,
    });
  });

  it('because a part has another shape names the part', async () => {
    const broken = { ...healthyState(), takenAtMs: 'noon' };
    const error = await refusal(
      encode({ kind: 'kc-doctor snapshot', schemaVersion: 1, tool: TOOL, state: broken }),
    );
    expect(error).toMatchObject({ message: expect.stringContaining('at state.takenAtMs') });
  });

  it('because it is not there says so', async () => {
    await expect(readSnapshot(join(folder, 'nothing'))).rejects.toThrow('does not exist');
    await expect(readSnapshot(folder)).rejects.toThrow('cannot be read');
  });
});
