import type { LogKind, LogLine } from '../platform/log-line.ts';
import {
  hasJoinedSinceStart,
  isFinishLine,
  isHandlerLine,
  linesSinceStart,
  workerLog,
} from '../platform/workers.ts';
import type { Cause, Question } from './cause.ts';
import {
  definitionOf,
  lineReading,
  ofKinds,
  opposes,
  supports,
  unseenReading,
  verdictReading,
} from './readings.ts';

const SAME_BREATH_MS = 1_000;

/** An event that was taken is open until one of these, or a failure, is said of it: an idle worker has closed its last one. */
const CLOSING: readonly LogKind[] = ['skipped-processed', 'retried-ok', 'sent-to-dlq'];
const isClosing = (line: LogLine): boolean => isFinishLine(line) || CLOSING.includes(line.kind);
const isOpening = ({ kind }: LogLine): boolean => kind === 'received' || kind === 'processing';

/** Null: the log, or any line of it, was not seen. */
function isLogSilent(question: Question): boolean | null {
  const { state } = question;
  const log = workerLog(state, definitionOf(question).worker);
  if (log.kind === 'unseen' || log.value.lastLineAtMs === null) return null;
  return state.takenAtMs - log.value.lastLineAtMs > state.settings.thresholds.logSilenceMs;
}

export const hungWorker: Cause = {
  id: 'hung-worker',
  title: 'The worker lives but does nothing',
  explains: [{ stages: 'any', roles: ['read'] }],
  scope: 'stage',
  needsRunningWorker: true,
  generation: null,
  // Write-ups: "connected but stuck", 50 %.
  prior: 0.5,
  evidence: [
    supports('hung', 'groups', 'decisive', (question) => verdictReading(question, ['hung']), {
      discriminates: true,
      verdicts: ['hung', 'unowned', 'never-committed-pending'],
    }),
    supports('unowned', 'groups', 'strong', (question) => {
      const unowned = verdictReading(question, ['unowned']);
      if (unowned.holds !== true) return unowned;
      const { worker } = definitionOf(question);
      const hasJoined = hasJoinedSinceStart(question.state, worker);
      const silent = isLogSilent(question);
      // An evicted worker whose handler hangs has joined and says nothing; one that talks has another trouble (A1).
      if (hasJoined === null || silent === null) return unseenReading(unowned.observation);
      return hasJoined && silent ? unowned : { ...unowned, holds: false, text: '' };
    }),
    supports('pending', 'groups', 'moderate', (question) =>
      verdictReading(question, ['never-committed-pending']),
    ),
    supports('received-then-silence', 'logs', 'strong', (question) => {
      const { worker } = definitionOf(question);
      const lines = linesSinceStart(question.state, worker) ?? [];
      const lastHandled = lines.findLast((line) => isHandlerLine(line) || isClosing(line));
      const log = workerLog(question.state, worker);
      const lastLineAtMs = log.kind === 'seen' ? log.value.lastLineAtMs : null;
      const isSilent =
        lastHandled !== undefined &&
        isOpening(lastHandled) &&
        lastLineAtMs !== null &&
        isLogSilent(question) === true &&
        // What it says in the same breath belongs to the event; anything later is a sign of life.
        lastLineAtMs - lastHandled.atMs < SAME_BREATH_MS;
      return lineReading(question, (line) => isSilent && line === lastHandled, {
        found: () => 'it took an event and has been silent since',
        missing: 'it does not stop in the middle of an event',
      });
    }),
    opposes('moving', 'groups', 'decisive', (question) =>
      verdictReading(question, ['catching-up', 'slow', 'rewound']),
    ),
    opposes('dead', 'logs', 'decisive', (question) =>
      lineReading(question, ofKinds('consumer-crash-final'), {
        found: () => 'its consumer crashed for good',
        missing: 'its consumer did not crash',
      }),
    ),
  ],
  rival: 'evicted-while-working',
  probe: 'watch one more grace: does it log a line or write a row?',
  hurts: 'stage',
  repairs: ['move-offsets', 'start-worker'],
  explain:
    'Container and consumer are there, records wait, and nothing moves: a handler that never returns, or a consumer that paused itself. A restart helps, after its offsets were looked at.',
  levelLimit: (question) => {
    const lines = linesSinceStart(question.state, definitionOf(question).worker);
    return lines?.some(isHandlerLine) === true ? null : 'possible';
  },
};
