import type { LogKind, LogLine } from '../platform/log-line.ts';
import { offsetVerdict } from '../platform/offset-verdict.ts';
import { isFinishLine, linesSinceStart } from '../platform/workers.ts';
import type { Cause, Question } from './cause.ts';
import {
  definitionOf,
  headLetters,
  headRecord,
  lineReading,
  ofKinds,
  opposes,
  reading,
  supports,
  unseenReading,
  verdictReading,
} from './readings.ts';

/** Heads of the other partitions of the topic that fail in the same way. */
function blockedElsewhere(question: Question): number | null {
  const { group } = definitionOf(question);
  const { position } = question.cohort.traces[0];
  const topic = question.state.topics[position?.topic ?? ''];
  if (position === null || topic?.kind !== 'seen' || topic.value.kind === 'absent') return null;
  return topic.value.partitions.filter(({ partition }) => {
    if (partition === position.partition) return false;
    const { verdict, also } = offsetVerdict(question.state, group, position.topic, partition);
    return verdict === 'blocked-on-record' || also.includes('blocked-on-record');
  }).length;
}

const OUTSIDE: readonly LogKind[] = [
  'connection-refused',
  'connection-timeout',
  'connection-unresolvable',
  'database-connection',
  'undefined-column',
];

/** A failure that the next record would meet as well: to pass this one would help nothing and lose it. */
function isOutside({ kind, status, logger }: LogLine): boolean {
  if (logger !== 'worker') return false;
  return OUTSIDE.includes(kind) || (kind === 'api-error' && status !== null && status >= 500);
}

export const poisonRecord: Cause = {
  id: 'poison-record',
  title: 'One record always fails and blocks its partition',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  prior: null,
  evidence: [
    supports(
      'blocked-alone',
      'records',
      'decisive',
      (question) => {
        const verdict = verdictReading(question, ['blocked-on-record']);
        if (verdict.holds !== true) return verdict;
        const elsewhere = blockedElsewhere(question);
        const { position } = question.cohort.traces[0];
        if (elsewhere === null || position === null) return unseenReading(verdict.observation);
        const head = headRecord(question);
        const at = head === null ? '' : ` ${head.offset}`;
        const copies = headLetters(question)?.length ?? 0;
        const failed = copies === 0 ? 'fails again and again' : `failed ${copies} times`;
        const where = `${position.topic}[${position.partition}]`;
        return elsewhere === 0
          ? reading(
              true,
              `${where}${at} ${failed} and blocks; the other partitions pass`,
              verdict.observation,
            )
          : reading(
              false,
              `${elsewhere} other partitions of ${position.topic} block too`,
              verdict.observation,
            );
      },
      { discriminates: true, verdicts: ['blocked-on-record'] },
    ),
    supports('cycle', 'logs', 'moderate', (question) =>
      lineReading(question, ofKinds('consumer-restarting'), {
        found: () => 'its consumer crashes and restarts',
        missing: '',
      }),
    ),
    opposes('dead', 'logs', 'decisive', (question) =>
      lineReading(question, ofKinds('consumer-crash-final'), {
        found: () => 'its consumer crashed for good',
        missing: '',
      }),
    ),
    opposes('dependency-fails', 'logs', 'strong', (question) => {
      const { worker } = definitionOf(question);
      const lines = linesSinceStart(question.state, worker);
      if (lines === null) return unseenReading(`logs ${worker}`);
      const finished = lines.findLast(isFinishLine)?.atMs ?? 0;
      const line = lines.findLast((each) => each.atMs > finished && isOutside(each));
      return line === undefined
        ? unseenReading(`logs ${worker}`)
        : reading(true, `what it needs fails, whatever the record: ${line.message}`, `logs ${worker}`);
    }),
    opposes('others-fail-alike', 'records', 'strong', (question) => {
      const elsewhere = blockedElsewhere(question);
      return elsewhere === null
        ? unseenReading('offsets')
        : reading(elsewhere > 0, `${elsewhere} other partitions block too`, 'offsets other partitions');
    }),
  ],
  rival: 'admin-server-error',
  probe: 'does one record fail, or the head of every partition?',
  hurts: 'partition',
  repairs: ['quarantine-record', 'manual-instructions'],
  explain:
    'A worker sends what it cannot handle to the dead letter queue and throws again, so the offset is not committed and Kafka delivers the same record again: six copies per 42 seconds, and everything behind it in that partition waits. Fix the handler or the data, or pass that one record. "Empty" in between is part of the rhythm.',
};
