/** Readings of the assigning code: admin-service's log on the older generation, allocation-worker's on the newest. */
import type { LogKind, LogLine } from '../platform/log-line.ts';
import { SERVICES } from '../platform/pipeline.ts';
import { isLineOf, serviceLines } from '../platform/worker-lines.ts';
import type { Question, Reading } from './cause.ts';
import { idsOf, mostOf, reading, unseenReading } from './readings.ts';

const ASSIGNING_SERVICES = [SERVICES.admin, 'allocation-worker'] as const;

function assigningLines({ state }: Question): readonly LogLine[] | null {
  const logs = ASSIGNING_SERVICES.map((service) => serviceLines(state, service));
  if (logs.every(({ gap }) => gap !== null)) return null;
  return logs.flatMap(({ lines }) => lines).toSorted((a, b) => a.atMs - b.atMs);
}

/** Answers of auto-assign with a status in this range, newer than the last success. Their absence proves nothing: success is not logged. */
export function answersReading(question: Question, from: number, to: number): Reading {
  const observation = 'admin auto-assign answers';
  const lines = assigningLines(question);
  if (lines === null) return unseenReading(observation);
  const lastSuccess =
    lines.findLast(({ kind }) => kind === 'auto-assignment-created' || kind === 'allocation-verified')
      ?.atMs ?? 0;
  const failed = lines.filter(
    ({ kind, status, atMs }) =>
      kind === 'api-error' && status !== null && status >= from && status < to && atMs > lastSuccess,
  );
  const last = failed.at(-1);
  if (last === undefined) return unseenReading(observation);
  return reading(
    true,
    `auto-assign answered ${last.status} ${failed.length} times since its last success`,
    observation,
  );
}

export function laterSuccessReading(question: Question): Reading {
  const observation = 'admin auto-assign answers';
  const lines = assigningLines(question);
  if (lines === null) return unseenReading(observation);
  const failed = lines.findLast(({ kind }) => kind === 'api-error')?.atMs ?? null;
  const succeeded = lines.findLast(({ kind }) => kind === 'auto-assignment-created')?.atMs ?? null;
  return reading(
    failed !== null && succeeded !== null && succeeded > failed,
    'an assignment succeeded after the last failure',
    observation,
  );
}

const ANSWERED: readonly LogKind[] = ['allocation-verified', 'allocation-not-found', 'api-error'];
const UNREACHED: readonly LogKind[] = ['connection-refused', 'connection-unresolvable', 'connection-timeout'];

/** allocation-worker got an answer after the last call that did not get through. Without such a call there is nothing to weigh. */
export function laterAnswerReading({ state }: Question): Reading {
  const observation = 'logs allocation-worker';
  const { lines } = serviceLines(state, 'allocation-worker');
  const failed = lines.findLast(({ kind, logger }) => logger === 'worker' && UNREACHED.includes(kind));
  if (failed === undefined) return unseenReading(observation);
  const answered = lines.findLast(({ kind }) => ANSWERED.includes(kind));
  return reading(
    answered !== undefined && answered.atMs > failed.atMs,
    'admin-service answered allocation-worker after the last call that failed',
    observation,
  );
}

/** A line about the cohort's own payments: under one of their ids, or naming their student. Others' assignments prove nothing for them. */
export function assigningLineReading(
  question: Question,
  matches: (line: LogLine) => boolean,
  texts: { readonly found: (line: LogLine) => string },
): Reading {
  const observation = 'logs of the assigning code';
  const lines = assigningLines(question)?.filter(matches) ?? null;
  return mostOf(question, observation, (trace) => {
    const ids = idsOf(trace);
    const line = lines?.findLast(
      (each) => isLineOf(each, ids) || each.message.includes(`studentId ${trace.ids.student}`),
    );
    return line === undefined ? 'unseen' : { holds: true, text: texts.found(line) };
  });
}
