import { type Cases, openCases } from '../../platform/effects.ts';
import type { PaymentId } from '../../platform/ids.ts';
import type { LogLine } from '../../platform/log-line.ts';
import { SERVICES } from '../../platform/pipeline.ts';
import { assignmentOf, isRefusal } from '../../platform/witnesses.ts';
import type { Check } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

const WORKER = 'allocation-worker';

export const callsSucceed: Check = {
  id: 'allocation/calls-succeed',
  title: 'Assignments succeed',
  required: false,
  after: [],
  needs: [
    'settings',
    'containers',
    'logs',
    'records',
    'database',
    'payments',
    'purchases',
    'allocations',
    'marks',
    'clocks',
  ],
  explain:
    'Reads error lines of the auto-assign route in the logs of admin-service and allocation-worker, and whether a later assignment succeeded. At level info successful calls are not logged, so no line proves nothing; an error line is strong evidence of a failed call. Read the Auto Assignment lines beside it.',
  examine: (state) => {
    const cases = openCases(state);
    const logs = [WORKER, SERVICES.admin].map((service) => ({ service, ...cases.linesOf(service) }));
    const lines = logs.flatMap((log) => log.lines).toSorted((a, b) => a.atMs - b.atMs);
    const failed = logs
      .flatMap(({ service, lines: own }) => own.filter((line) => isFailedCall(line, service)))
      .toSorted((a, b) => a.atMs - b.atMs);
    const last = failed.at(-1);
    if (last === undefined) {
      const gaps = logs.flatMap((log) => log.gap ?? (log.reachesStart ? [] : [tooShort]));
      return outcomeOf({ pass: 'no failed assignment in the logs', findings: [], gaps });
    }
    const count = failed.length;
    const hasRecovered = lines.some((line) => SUCCEEDED.includes(line.kind) && line.atMs > last.atMs);
    const observed = `${answerOf(last)}, ${count === 1 ? 'once' : `${count} times`}${hasRecovered ? ', later ones succeeded' : ''}`;
    const finding = {
      severity: hasRecovered ? ('warn' as const) : ('fail' as const),
      subject: { kind: 'system' as const, name: 'auto-assign' },
      stage: 'allocation' as const,
      observed,
      expected: 'an answer of 201 or 202',
      summary: `auto-assign: ${observed}`,
      hint: `docker logs ${SERVICES.admin} 2>&1 | grep 'Auto Assignment:'`,
      payments: hasRecovered ? [] : refused(cases),
    };
    return outcomeOf({ pass: '', findings: [finding], gaps: [] });
  },
};

const SUCCEEDED: readonly LogLine['kind'][] = ['auto-assignment-created', 'allocation-verified'];

/** admin-service logs every failed route with its URL; allocation-worker calls only this one. */
function isFailedCall(line: LogLine, service: string): boolean {
  if (service !== WORKER) return line.kind === 'api-error' && line.message.includes('auto-assign');
  return line.kind === 'api-error' || (line.logger === 'worker' && line.kind.startsWith('connection-'));
}

function answerOf({ status, message }: LogLine): string {
  return status === null ? message : `answered ${status}`;
}

function refused(cases: Cases): readonly PaymentId[] {
  return cases.all
    .filter((one) => {
      const assignment = assignmentOf(cases, one);
      return assignment !== null && isRefusal(assignment);
    })
    .map((one) => one.payment.paymentId);
}

const tooShort = {
  system: 'docker',
  operation: 'lines about assignments',
  code: 'incomplete',
  reason: 'the log that was read does not reach back to the start of its container',
  hint: `docker logs ${WORKER}`,
} as const;
