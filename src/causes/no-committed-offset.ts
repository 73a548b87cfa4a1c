import {
  hasJoinedSinceStart,
  isHandlerLine,
  joinTimeMs,
  linesSinceStart,
  logReachesStart,
} from '../platform/workers.ts';
import type { Cause } from './cause.ts';
import { earlierHandledReading } from './earlier-records.ts';
import {
  clockTime,
  contradictionReading,
  definitionOf,
  lastPoll,
  opposes,
  reading,
  supports,
  unseenReading,
  verdictReading,
} from './readings.ts';

export const noCommittedOffset: Cause = {
  id: 'no-committed-offset',
  title: 'Nothing was committed, so the worker began at the end',
  explains: [{ stages: 'any', roles: ['read', 'row'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  // Write-ups: "connected but not consuming", 50 %.
  prior: 0.5,
  evidence: [
    supports(
      'skipped',
      'groups',
      'decisive',
      (question) => verdictReading(question, ['never-committed-skipped']),
      {
        discriminates: true,
        verdicts: ['never-committed-skipped'],
      },
    ),
    supports('passed-without-row', 'records', 'strong', (question) => {
      const passed = contradictionReading(question, 'past-without-row', {
        found: 'the record was passed without leaving a row',
        missing: '',
      });
      const earlier = earlierHandledReading(question);
      if (passed.holds !== true || earlier.holds === true) return unseenReading(passed.observation);
      return earlier.holds === false ? { ...passed, text: `${passed.text}; ${earlier.text}` } : passed;
    }),
    supports('never-handled', 'logs', 'strong', (question) => {
      const { worker } = definitionOf(question);
      const lines = linesSinceStart(question.state, worker);
      const joinedMs = joinTimeMs(question.state, worker);
      if (lines === null || joinedMs === null || !logReachesStart(question.state, worker))
        return unseenReading(`logs ${worker}`);
      const { position } = question.cohort.traces[0];
      const handled = lines.some(
        (line) => isHandlerLine(line) && (line.partition === null || line.partition === position?.partition),
      );
      return handled
        ? unseenReading(`logs ${worker}`)
        : reading(
            true,
            `${worker} handled nothing there since ${clockTime(joinedMs, question.state)}, its last start or join`,
            `logs ${worker}`,
          );
    }),
    opposes('usable-commit', 'groups', 'decisive', (question) => {
      const { position } = question.cohort.traces[0];
      const poll = lastPoll(question);
      if (position === null || poll === null) return unseenReading('offsets');
      const own = poll.partitions.find(
        (each) => each.topic === position.topic && each.partition === position.partition,
      );
      if (own === undefined) return unseenReading('offsets');
      const holds = own.committed !== null && own.committed >= 0n && own.committed <= position.offset;
      return reading(
        holds,
        `the group's committed offset ${own.committed ?? ''} lies at or before the record`,
        'offsets committed',
      );
    }),
    opposes('earlier-handled', 'records', 'strong', earlierHandledReading),
    // Partitions that were added have no commit either, and whoever added them is the cause.
    opposes('added-partition', 'records', 'decisive', (question) => {
      const { position } = question.cohort.traces[0];
      const expected = question.state.settings.partitionCount;
      return position === null
        ? unseenReading('topics partitions')
        : reading(
            position.partition >= expected,
            `${position.topic}[${position.partition}] is beyond the ${expected} partitions expected`,
            'topics partitions',
          );
    }),
    opposes('never-joined', 'groups', 'strong', (question) => {
      const { group, worker } = definitionOf(question);
      const seen = question.state.groups[group];
      const joined = hasJoinedSinceStart(question.state, worker);
      if (seen?.kind !== 'seen' || joined === null) return unseenReading('groups');
      const none = !joined && seen.value.polls.every(({ members }) => members.length === 0);
      return reading(
        none,
        `${worker} has not joined since its start, and the group has no member`,
        'groups members',
      );
    }),
  ],
  rival: 'expired-offsets',
  probe: 'did this worker ever finish a record of this partition?',
  hurts: 'named',
  repairs: ['move-offsets', 'replay-payment'],
  explain:
    'The workers start at the end of a partition that has no committed offset, at every join. What was sent before the first commit is skipped in silence: the group looks Stable, and the dash in CURRENT-OFFSET vanishes with the next record. Do not restart the worker: commit a real number first, or replay the payment. "Reset to latest", as one write-up advises, makes the loss final.',
};
