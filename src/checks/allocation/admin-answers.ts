import { generationOf } from '../../platform/generation.ts';
import type { LogLine } from '../../platform/log-line.ts';
import type { GapCode } from '../../platform/observed.ts';
import { SERVICES } from '../../platform/pipeline.ts';
import type { PlatformState } from '../../platform/state.ts';
import { serviceLines } from '../../platform/worker-lines.ts';
import { isFinishLine, serviceContainer } from '../../platform/workers.ts';
import type { Check, CheckOutcome, Finding } from '../check.ts';

export const adminAnswers: Check = {
  id: 'allocation/admin-answers',
  title: 'admin-service answers',
  required: true,
  after: [],
  needs: ['settings', 'containers', 'logs', 'records', 'sessions', 'admin'],
  explain:
    'The older allocation-worker asks admin-service for a trainer over HTTP, so a service that is down or refuses stops allocation. The newest assigns in its own process: there it is a warning, also where it could not be looked at. What only our own route cannot reach is unknown until a worker fails there too.',
  examine: (state) => {
    const isOlder = generationOf(state) !== 'newest';
    const problem = problemOf(state);
    if (problem === null) return { status: 'pass', summary: `${SERVICES.admin} answers` };
    if (typeof problem === 'string') return found(isOlder ? 'fail' : 'warn', problem);
    return isOlder ? problem : found('warn', `could not be looked at: ${problem.gap.reason}`);
  },
};

/** What is wrong, `unknown` where only our own look failed, or null. */
function problemOf(state: PlatformState): string | Extract<CheckOutcome, { status: 'unknown' }> | null {
  const container = serviceContainer(state, SERVICES.admin);
  if (container.kind === 'seen' && container.container.status !== 'running') {
    const { status, exitCode } = container.container;
    return exitCode === null || status !== 'exited' ? `its container is ${status}` : `exited (${exitCode})`;
  }
  const { admin } = state;
  const worker = workersFailure(state);
  if (admin.kind === 'unseen') {
    if (worker !== null && UNREACHABLE.includes(admin.gap.code)) return `${admin.gap.reason}, and ${worker}`;
    return { status: 'unknown', gap: admin.gap };
  }
  if (admin.value.status < 500) return null;
  const answer = `answers ${admin.value.status}`;
  if (worker !== null) return `${answer}, and ${worker}`;
  return {
    status: 'unknown',
    gap: {
      system: 'admin-service',
      operation: `base address ${admin.value.address}`,
      code: 'other',
      reason: `${answer} here, and no worker failed there`,
      hint: `curl -i ${admin.value.address}`,
    },
  };
}

const UNREACHABLE: readonly GapCode[] = ['refused', 'unresolvable', 'timeout'];

/** A line of allocation-worker, not of its Kafka client, newer than its last finished event. */
function workersFailure(state: PlatformState): string | null {
  const { lines } = serviceLines(state, 'allocation-worker');
  const failure = lines.slice(lines.findLastIndex(isFinishLine) + 1).findLast(isFailure);
  return failure === undefined ? null : `allocation-worker says: ${failure.message}`;
}

function isFailure({ kind, logger, status }: LogLine): boolean {
  if (logger === 'kafkajs') return false;
  if (kind === 'api-error') return status === null || status >= 500;
  return kind === 'connection-refused' || kind === 'connection-unresolvable' || kind === 'connection-timeout';
}

function found(severity: Finding['severity'], observed: string): CheckOutcome {
  const summary = `${SERVICES.admin}: ${observed}`;
  return {
    status: severity,
    summary,
    findings: [
      {
        severity,
        subject: { kind: 'system', name: SERVICES.admin },
        stage: 'allocation',
        observed,
        expected: 'any answer below 500 on its base address',
        summary,
        hint: `docker compose start ${SERVICES.admin}; check ADMIN_SERVICE_URL`,
        payments: [],
      },
    ],
  };
}
