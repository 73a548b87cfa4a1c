/** What rules of several causes read from the state. Each says what it saw in words that are true either way. */
import { EFFECTS_OF_STAGE, openCases, ROW_STAGES } from '../platform/effects.ts';
import type { LogKind, LogLine } from '../platform/log-line.ts';
import { type Stage, type StageDefinition, stageDefinition, TOPIC_OF_EVENT } from '../platform/pipeline.ts';
import type {
  AllocationRow,
  ContainerState,
  DeadLetter,
  GroupPoll,
  MarkRow,
  PlatformState,
  RecordSeen,
} from '../platform/state.ts';
import type { OffsetVerdict } from '../platform/verdict.ts';
import { isLineOf } from '../platform/worker-lines.ts';
import { isMemberOf, linesSinceStart, logReachesStart, serviceContainer } from '../platform/workers.ts';
import type { PaymentTrace } from '../trace/trace.ts';
import type { EvidenceRule, Facet, Question, Reading, Strength } from './cause.ts';

interface RuleOptions {
  readonly discriminates?: boolean;
  readonly verdicts?: readonly OffsetVerdict[];
}

/** A sign for the cause. */
export function supports(
  id: string,
  facet: Facet,
  strength: Strength,
  read: (question: Question) => Reading,
  options: RuleOptions = {},
): EvidenceRule {
  return { id, says: 'for', facet, strength, discriminates: false, ...options, read };
}

/** A sign against the cause. */
export function opposes(
  id: string,
  facet: Facet,
  strength: Strength,
  read: (question: Question) => Reading,
): EvidenceRule {
  return { id, says: 'against', facet, strength, discriminates: false, read };
}

export function reading(holds: boolean | 'unseen', text: string, observation: string): Reading {
  return { holds, text, observation };
}

export function unseenReading(observation: string): Reading {
  return { holds: 'unseen', text: '', observation };
}

/** Causes scoped to a stage are asked about that one; those of the whole platform about the cohort's. */
export function stageOf({ stage, cohort }: Question): Stage {
  return stage ?? cohort.stage ?? 'purchase';
}

export function definitionOf(question: Question): StageDefinition {
  return stageDefinition(stageOf(question));
}

// --- containers

export function workerReading(
  question: Question,
  judge: (container: ContainerState) => { readonly holds: boolean; readonly text: string },
  whenAbsent: { readonly holds: boolean; readonly text: string },
): Reading {
  const { worker } = definitionOf(question);
  return containerReading(question.state, worker, judge, whenAbsent);
}

export function containerReading(
  state: PlatformState,
  service: string,
  judge: (container: ContainerState) => { readonly holds: boolean; readonly text: string },
  whenAbsent: { readonly holds: boolean; readonly text: string },
): Reading {
  const observation = `containers ${service}`;
  const found = serviceContainer(state, service);
  switch (found.kind) {
    case 'unseen':
      return unseenReading(observation);
    case 'absent':
      return { ...whenAbsent, observation };
    case 'seen':
      return { ...judge(found.container), observation };
    default:
      return found satisfies never;
  }
}

// --- groups

export function lastPoll(question: Question): GroupPoll | null {
  const group = question.state.groups[definitionOf(question).group];
  return group?.kind === 'seen' ? (group.value.polls.at(-1) ?? null) : null;
}

/** A member that is our worker, in any poll. */
export function memberReading(question: Question): Reading {
  const { group, worker } = definitionOf(question);
  const observation = `groups ${group} members`;
  const state = question.state.groups[group];
  if (state?.kind !== 'seen') return unseenReading(observation);
  const isOurs = state.value.polls.some(({ members }) =>
    members.some((member) => isMemberOf(question.state, member, worker)),
  );
  return reading(
    isOurs,
    isOurs ? `${group} has ${worker} as a member` : `${group} has no member of ours`,
    observation,
  );
}

export function noMemberReading(question: Question): Reading {
  const member = memberReading(question);
  return member.holds === 'unseen' ? member : { ...member, holds: !member.holds };
}

const VERDICT_TEXTS: Readonly<Partial<Record<OffsetVerdict, string>>> = {
  'never-committed-unowned': 'nothing was ever committed there and the group has no member',
  'never-committed-skipped':
    'nothing was ever committed there, and the record is older than the worker’s join: it is never read',
  'never-committed-pending': 'nothing was ever committed there yet',
  'commit-vanished': 'its committed offset is gone',
  'ahead-of-log': 'the committed offset lies beyond the log end',
  'data-lost': 'the committed offset lies before the log start',
  sentinel: 'a code is stored in place of an offset',
  'consumer-stopped': 'the consumer stopped for good inside its running container',
  'blocked-on-record': 'the same record fails again and again, and the offset does not move',
  unowned: 'records wait and no member owns the partition',
  evicted: 'the group is empty while the worker still handles records',
  rebalancing: 'the group does not hold still',
  unassigned: 'no member owns the partition',
  hung: 'the partition is owned and its offset does not move',
  'catching-up': 'the offset moves and the lag shrinks',
  slow: 'the worker handles records but does not catch up',
  'caught-up': 'everything there was read',
  'in-flight': 'the oldest unread record is young',
};

/** The verdict of the partition that the cohort's records lie in. */
export function verdictReading({ cohort }: Question, names: readonly OffsetVerdict[]): Reading {
  const { verdict, alsoVerdicts, position } = cohort.traces[0];
  const observation =
    position === null ? 'offsets' : `offsets ${position.group} ${position.topic}[${position.partition}]`;
  if (verdict === null || verdict === 'unknown' || position === null) return unseenReading(observation);
  const named = [verdict, ...alsoVerdicts].find((each) => names.includes(each));
  const said = VERDICT_TEXTS[named ?? verdict] ?? `its verdict is ${named ?? verdict}`;
  return reading(named !== undefined, `${position.topic}[${position.partition}]: ${said}`, observation);
}

// --- logs

/** A line of one of these kinds in the worker's log since its start. Its absence counts only if the log reaches back. */
export function lineReading(
  question: Question,
  matches: (line: LogLine) => boolean,
  texts: { readonly found: (line: LogLine) => string; readonly missing: string },
): Reading {
  const { worker } = definitionOf(question);
  const observation = `logs ${worker}`;
  const lines = linesSinceStart(question.state, worker);
  if (lines === null) return unseenReading(observation);
  const line = lines.findLast(matches);
  if (line !== undefined) return reading(true, texts.found(line), observation);
  return logReachesStart(question.state, worker)
    ? reading(false, texts.missing, observation)
    : unseenReading(observation);
}

export const ofKinds =
  (...kinds: readonly LogKind[]) =>
  (line: LogLine): boolean =>
    kinds.includes(line.kind);

/** A line of a service that stands under an id of the cohort's payments. */
export function lineOfPaymentReading(
  question: Question,
  service: string,
  matches: (line: LogLine) => boolean,
  texts: { readonly found: string; readonly missing: string },
): Reading {
  const observation = `logs ${service}`;
  const { lines, reachesStart } = openCases(question.state).linesOf(service);
  return mostOf(question, observation, (trace) => {
    const ids = idsOf(trace);
    const found = lines.some((line) => matches(line) && isLineOf(line, ids));
    if (found) return { holds: true, text: texts.found };
    return reachesStart ? { holds: false, text: texts.missing } : 'unseen';
  });
}

export function idsOf({ payment, ids }: PaymentTrace): readonly string[] {
  return [payment, ...(ids.purchase === null ? [] : [ids.purchase]), ...ids.allocations];
}

// --- the cohort's payments

/** A cohort is split when its evidence holds for under 80 % (catalogue.md 2), so a reading stands for all when it holds for that many. */
const MOST = 0.8;

export function mostOf(
  { cohort }: Question,
  observation: string,
  judge: (trace: PaymentTrace) => { readonly holds: boolean; readonly text: string } | 'unseen',
): Reading {
  const judged = cohort.traces.map(judge);
  const known = judged.filter((each) => each !== 'unseen');
  if (known.length === 0 || known.length < cohort.traces.length * MOST) return unseenReading(observation);
  const holding = known.filter(({ holds }) => holds);
  const holds = holding.length >= known.length * MOST;
  const example = (holds ? holding : known.filter((each) => !each.holds))[0] ?? known[0];
  return reading(holds, example?.text ?? '', observation);
}

/** Marks of an event type under the payments' ids, judged one payment at a time. */
export function markReading(
  question: Question,
  eventType: string,
  judge: (marks: readonly MarkRow[]) => { readonly holds: boolean; readonly text: string },
): Reading {
  const observation = `marks ${eventType}`;
  const index = openCases(question.state).index;
  return mostOf(question, observation, (trace) => {
    const marks = index.marksUnder(idsOf(trace), eventType);
    return marks === null ? 'unseen' : judge(marks);
  });
}

export function hopStatus(trace: PaymentTrace, id: PaymentTrace['hops'][number]['id']) {
  return trace.hops.find((hop) => hop.id === id)?.status ?? 'unknown';
}

/** The effects that a contradiction is read from, by stage: while one of them is unseen, its absence says nothing. */
function effectsOf(
  kind: PaymentTrace['contradictions'][number]['kind'],
  stage: Stage,
): readonly PaymentTrace['hops'][number]['id'][] {
  if (kind === 'marked-not-sent') return ['confirmed-record'];
  const rowStage = ROW_STAGES.find((each) => each === stage);
  if (rowStage === undefined) return [];
  const { input, read, row, output } = EFFECTS_OF_STAGE[rowStage];
  switch (kind) {
    case 'row-without-event':
      return output === null ? [row] : [row, output];
    case 'past-without-row':
    case 'row-before-read':
      return [input, read, row];
    case 'mark-without-row':
      return [row];
    case 'record-off-key':
      return [input];
    case 'two-purchases':
      return ['created-record'];
  }
}

export function contradictionReading(
  question: Question,
  kind: PaymentTrace['contradictions'][number]['kind'],
  texts: { readonly found: string; readonly missing: string },
): Reading {
  const stage = stageOf(question);
  return mostOf(question, `trace ${kind}`, (trace) => {
    const holds = trace.contradictions.some(
      (each) => each.kind === kind && (question.stage === null || each.stage === stage),
    );
    if (holds) return { holds, text: texts.found };
    const isUnseen = effectsOf(kind, stage).some((hop) => hopStatus(trace, hop) === 'unknown');
    return isUnseen ? 'unseen' : { holds, text: texts.missing };
  });
}

export function allocationsOfTrace(
  state: PlatformState,
  trace: PaymentTrace,
): readonly AllocationRow[] | null {
  if (state.allocations.kind === 'unseen') return null;
  return state.allocations.value.filter(({ allocationId }) => trace.ids.allocations.includes(allocationId));
}

// --- records and dead letters

/** The record that the cohort's partition waits at. */
export function headRecord({ state, cohort }: Question): RecordSeen | null {
  const { position } = cohort.traces[0];
  if (position === null) return null;
  const head = state.records.heads[`${position.group} ${position.topic} ${position.partition}`];
  return head?.kind === 'seen' ? head.value : null;
}

/** Dead letters of the stage's input topic; null where they were not seen. */
export function lettersOf(question: Question): readonly DeadLetter[] | null {
  const { deadLetters } = question.state;
  if (deadLetters.kind === 'unseen') return null;
  const { topics } = definitionOf(question);
  return deadLetters.value.letters.filter(({ originalTopic }) => topics.includes(originalTopic));
}

/** Dead letters that are copies of the record that the cohort's partition waits at; null: letters or the record were not seen. */
export function headLetters(question: Question): readonly DeadLetter[] | null {
  const letters = lettersOf(question);
  const head = headRecord(question);
  if (letters === null || head === null) return null;
  return letters.filter(
    ({ originalTopic, originalPartition, originalOffset }) =>
      originalTopic === head.topic && originalPartition === head.partition && originalOffset === head.offset,
  );
}

export function letterReasonReading(question: Question, pattern: RegExp, what: string): Reading {
  const letters = lettersOf(question);
  if (letters === null) return unseenReading('dead letters');
  const matching = letters.filter(({ failureReason }) => pattern.test(failureReason));
  const holds = matching.length > 0;
  return reading(
    holds,
    holds ? `${matching.length} dead letters name ${what}` : `no dead letter names ${what}`,
    'dead letters reasons',
  );
}

export function inputTopicOf(question: Question): string {
  return definitionOf(question).topics[0];
}

export function eventTopic(eventType: keyof typeof TOPIC_OF_EVENT): string {
  return TOPIC_OF_EVENT[eventType];
}

/** Pure code has no zone of its own: UTC, as in every report without --tz. */
const UTC = new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'medium' });

/** Time of day, with its date where it was not the day of the observation. */
export function clockTime(ms: number, { takenAtMs }: PlatformState): string {
  const [today = ''] = UTC.format(takenAtMs).split(' ');
  return `${UTC.format(ms).replace(`${today} `, '')} UTC`;
}
