/** Incidents whose reports are held to the letter, and the hostile words that no report may pass on. */
import type { Gap } from '../../src/platform/observed.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import type { Presentation, Tool } from '../../src/report/result.ts';
import { runEntries, start, stop } from './run-entries.ts';
import {
  DAY,
  HOUR,
  healthyState,
  idsOf,
  MINUTE,
  NOW,
  PARTS,
  withAllocation,
  withContainer,
  withGroup,
  withoutContainer,
  withPartition,
  withPayment,
  withRuns,
  withUnseen,
} from './states.ts';

export const TOOL: Tool = { name: 'kc-doctor', version: '0.1.0' };

export const PLAIN: Presentation = {
  colour: false,
  unicode: true,
  width: 80,
  timeZone: 'UTC',
  verbose: false,
};

/** Nothing reads purchase-confirmed: seven payments wait. */
export function neverDeployed(): PlatformState {
  const paid = [1, 2, 3, 4, 5, 6, 7].reduce(
    (state, n) => withPayment(state, { n, upTo: 'confirmed-record', ageMs: HOUR - n * 5 * MINUTE }),
    healthyState(),
  );
  const unread = withPartition(paid, 'purchase-creation-workers', 'purchase-confirmed', 1, {
    committed: null,
    start: 0n,
    end: 7n,
    owned: false,
  });
  const dead = withGroup(unread, 'purchase-creation-workers', { states: ['Dead'], listed: false });
  return withoutContainer(dead, 'purchase-worker');
}

export function stoppedAllocation(): PlatformState {
  const paid = withPayment(healthyState(), { upTo: 'created-record', ageMs: 26 * HOUR });
  const unread = withPartition(paid, 'trainer-allocation-workers', 'purchase-created', 1, {
    committed: 4n,
    end: 5n,
    owned: false,
    headAgeMs: 26 * HOUR,
  });
  const empty = withGroup(unread, 'trainer-allocation-workers', { states: ['Empty', 'Empty', 'Empty'] });
  return withContainer(empty, 'allocation-worker', {
    status: 'exited',
    exitCode: 0,
    finishedAtMs: NOW - 27 * HOUR,
  });
}

const DOCKER_SILENT: Gap = {
  system: 'docker',
  operation: 'containers',
  code: 'refused',
  reason: 'the Docker daemon at /var/run/docker.sock refused the connection',
  hint: 'start Docker, or name its address in DOCKER_HOST',
};
const KAFKA_SILENT: Gap = {
  system: 'kafka',
  operation: 'brokers',
  code: 'timeout',
  reason: 'no answer within 5.0 s',
  hint: 'raise --timeout if the system is slow rather than down',
};

export function dockerUnseen(): PlatformState {
  const hidden = ['containers', 'compose', 'logs'] as const;
  return hidden.reduce((state, part) => withUnseen(state, part, DOCKER_SILENT), stoppedAllocation());
}

function kafkaUnseen(): PlatformState {
  const hidden = ['cluster', 'topics', 'groups', 'records', 'deadLetters'] as const;
  const state = hidden.reduce((next, part) => withUnseen(next, part, KAFKA_SILENT), healthyState());
  return { ...state, identity: { ...state.identity, kafkaClusterId: null } };
}

function nothingSeen(): PlatformState {
  return PARTS.reduce((state, part) => withUnseen(state, part), healthyState());
}

/** One payment waits for a trainer, one is on its way. */
export function needsDecision(): PlatformState {
  const ids = idsOf(1);
  const paid = withPayment(healthyState(), { upTo: 'allocation-call' });
  const pending = withAllocation(paid, {
    allocationId: ids.allocation,
    studentId: ids.student,
    courseId: ids.course,
    trainerId: null,
    status: 'pending',
    requestedAtMs: NOW - HOUR,
    createdAtMs: NOW - HOUR,
    updatedAtMs: NOW - HOUR,
  });
  return withPayment(pending, { n: 2, upTo: 'purchase-row', ageMs: 3_000, row: { currency: 'EUR' } });
}

/** A worker that nobody misses yet. */
export function latent(): PlatformState {
  return withContainer(healthyState(), 'session-worker', {
    status: 'exited',
    exitCode: 0,
    finishedAtMs: NOW - MINUTE,
  });
}

/** One run left purchase-worker stopped, another ended half an hour ago, a third long ago. */
export function leftRun(): PlatformState {
  const { group, topic } = { group: 'purchase-creation-workers', topic: 'purchase-confirmed' };
  const paid = withPayment(healthyState(), { upTo: 'confirmed-record', ageMs: 10 * MINUTE });
  const unread = withPartition(paid, group, topic, 1, { committed: 4n, end: 5n, owned: false });
  const stopped = withContainer(
    withGroup(unread, group, { states: ['Empty', 'Empty', 'Empty'] }),
    'purchase-worker',
    {
      status: 'exited',
      exitCode: 0,
      finishedAtMs: NOW - 12 * MINUTE,
    },
  );
  const verified = [[start('cache-worker')], 'step-done 1', 'run-verified'] as const;
  return withRuns(
    stopped,
    { kind: 'free' },
    runEntries(
      { run: '7f3a', atMs: NOW - 12 * MINUTE },
      [stop('purchase-worker'), start('purchase-worker')],
      'step-done 1',
    ),
    runEntries({ run: 'b2c4', operator: 'bob', atMs: NOW - 30 * MINUTE }, ...verified),
    runEntries({ run: 'c0de', operator: 'bob', atMs: NOW - 3 * HOUR }, ...verified),
  );
}

/** Somebody repairs right now; what another run left has been started by hand. */
function atWork(): PlatformState {
  return withRuns(
    healthyState(),
    { kind: 'held', run: '7f3a' },
    runEntries({ run: '7f3a', atMs: NOW - 40_000 }, [start('session-worker')], 'step-intended 1'),
    runEntries({ run: 'b2c4', operator: 'bob', atMs: NOW - 4 * DAY }, [stop('cache-worker')], 'step-done 1'),
  );
}

export const INCIDENTS: Readonly<Record<string, () => PlatformState>> = {
  healthy: healthyState,
  'never-deployed': neverDeployed,
  'stopped-allocation': stoppedAllocation,
  'docker-unseen': dockerUnseen,
  'kafka-unseen': kafkaUnseen,
  'nothing-seen': nothingSeen,
  'needs-decision': needsDecision,
  latent,
  'left-run': leftRun,
  'at-work': atWork,
};
