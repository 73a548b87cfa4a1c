import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformState } from '../../src/platform/state.ts';
import { doctor } from '../support/doctor.ts';
import { dockerUnseen, latent, needsDecision, neverDeployed, stoppedAllocation } from '../support/golden.ts';
import {
  DAY,
  deadLetter,
  healthyState,
  idsOf,
  logLine,
  NOW,
  withDeadLetters,
  withLogLines,
} from '../support/states.ts';
import { HOSTILE, OBEYED } from './controls.ts';
import { openToldDaemon, type ToldDaemon } from './told-daemon.ts';
import { NOWHERE, openWorkplace, type Workplace } from './workplace.ts';

/** Text that rules compare or programs look up; a change there makes another state and not a hostile one. */
const KEEP = new Set(['kind', 'status', 'state', 'verdict', 'outcome', 'id', 'system', 'code', 'runtime']);
const NAME = /^[\w:./@-]*$/;

/** Puts hostile text behind every free text, and into the names that nothing looks up. */
function poisoned(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    const isFree = !NAME.test(value) || FREE.has(key);
    return isFree && !KEEP.has(key) ? `${value}${HOSTILE}` : value;
  }
  if (Array.isArray(value)) return value.map((item) => poisoned(item, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, poisoned(part, name)]));
}
const FREE = new Set([
  'platform',
  'image',
  'restartPolicy',
  'clientId',
  'clientHost',
  'kafkaClusterId',
  'databaseName',
  'dockerAddress',
  'kafkaAddress',
  'databaseAddress',
  'composeProject',
  'serverVersion',
  'user',
  'currency',
  'reason',
  'operation',
  'hint',
  'failureReason',
  'message',
  'address',
  'brokerList',
]);

function troubled(): PlatformState {
  const ids = idsOf(1);
  const logged = withLogLines(stoppedAllocation(), 'allocation-worker', [
    logLine({
      kind: 'error',
      level: 'error',
      atMs: NOW - DAY,
      message: 'no such thing',
      correlationId: ids.payment,
    }),
  ]);
  return withDeadLetters(logged, [deadLetter('purchase-created', 1, 4n, { correlationId: ids.payment })]);
}

const STATES: Readonly<Record<string, () => PlatformState>> = {
  healthyState,
  neverDeployed,
  troubled,
  dockerUnseen,
  needsDecision,
  latent,
};

let place: Workplace;
let daemon: ToldDaemon;

beforeAll(async () => {
  place = await openWorkplace();
  const labels = { 'com.docker.compose.project': `kc${HOSTILE}` };
  daemon = await openToldDaemon(
    ['purchase-worker', 'allocation-worker', `stranger${HOSTILE}`].map((service, index) => ({
      id: `id-${index}`,
      name: `kc${HOSTILE}-${service}`,
      image: `image${HOSTILE}`,
      labels: { ...labels, 'com.docker.compose.service': service },
      environment: [`KAFKA_BROKERS=${HOSTILE}:9092`],
      log: [
        `{"level":"error","message":"Failed to process PURCHASE_CONFIRMED: ${HOSTILE}"}`,
        JSON.stringify({
          level: 'ERROR',
          logger: 'kafkajs',
          message: `[Connection] ECONNREFUSED ${HOSTILE}`,
        }),
      ],
    })),
  );
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

describe('hostile text', () => {
  it.each(Object.entries(STATES))(
    'of a snapshot reaches the terminal as visible text: %s',
    async (name, state) => {
      const file = await place.writeSnapshot(`${name}.json`, poisoned(state()) as PlatformState);
      const { payment } = idsOf(1);
      const runs = await Promise.all(
        [[], ['--verbose'], ['--json'], ['trace', payment], ['trace', payment, '--json']].map((args) =>
          doctor([...args, '--from', file], { cwd: place.folder, environment: NOWHERE }),
        ),
      );
      for (const { stdout, stderr, exitCode } of runs) {
        expect(OBEYED.exec(stdout + stderr)).toBeNull();
        expect([0, 1, 3]).toContain(exitCode);
      }
      expect(runs[0]?.stdout).toContain('\\u{1b}[2J');
      expect(JSON.parse(runs[2]?.stdout ?? '').platform.name).toContain('\u001b[2J');
    },
  );

  it.each([
    'diagnose',
    'diagnose --verbose',
    'diagnose --json',
    'config',
    'config --json',
    'snapshot -o live.json',
  ])('of a daemon reaches nobody: %s', async (line) => {
    const { stdout, stderr } = await doctor(line.split(' '), {
      cwd: place.folder,
      environment: { ...NOWHERE, DOCKER_HOST: daemon.host },
    });
    expect(OBEYED.exec(stdout + stderr)).toBeNull();
    expect(stderr).not.toContain('defect');
    if (stdout !== '') expect(/\\u(?:\{1b\}|001b)/.test(stdout)).toBe(true);
  });

  it('of the command line comes back as visible text', async () => {
    for (const args of [
      [HOSTILE],
      ['trace', HOSTILE],
      ['--since', HOSTILE],
      ['--from', HOSTILE],
      ['explain', HOSTILE],
    ]) {
      const { stderr, exitCode } = await doctor(args, { cwd: place.folder, environment: NOWHERE });
      expect(OBEYED.exec(stderr)).toBeNull();
      expect([exitCode, stderr.startsWith('kc-doctor: ')]).toEqual([2, true]);
    }
  });
});
