import {
  type Cases,
  EFFECTS_OF_STAGE,
  openCases,
  type PaymentCase,
  ROW_STAGES,
  type RowStage,
} from '../../platform/effects.ts';
import type { Gap } from '../../platform/observed.ts';
import { DEAD_LETTER_TOPIC, stageDefinition } from '../../platform/pipeline.ts';
import type { DeadLetter, PlatformState } from '../../platform/state.ts';
import type { Check, CheckOutcome, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

export const deadLettersSettled: Check = {
  id: 'events/dead-letters-settled',
  title: 'Dead letters are settled',
  required: true,
  after: ['topics/broker-answers'],
  needs: [
    'settings',
    'containers',
    'logs',
    'topics',
    'groups',
    'records',
    'deadLetters',
    'database',
    'payments',
    'purchases',
    'allocations',
    'sessions',
    'marks',
    'clocks',
  ],
  explain:
    'A worker that gives up writes a dead letter and fails, so that Kafka delivers the record again: copies of one original are normal while it is blocked. A letter is unsettled when its original was passed over and the effect is still missing. Each original counts once. kc-doctor fix redrive-dead-letters gives it back once the cause is mended.',
  examine: (state) => {
    const { deadLetters } = state;
    if (deadLetters.kind === 'unseen') return { status: 'unknown', gap: deadLetters.gap };
    if (!deadLetters.value.topicExists) {
      return { status: 'skipped', reason: `an older platform: no topic ${DEAD_LETTER_TOPIC}` };
    }
    return examineLetters(state, deadLetters.value.letters);
  },
};

interface Original {
  readonly letter: DeadLetter;
  readonly copies: number;
  readonly stage: RowStage;
}

function examineLetters(state: PlatformState, letters: readonly DeadLetter[]): CheckOutcome {
  const originals = originalsOf(letters);
  const cases = openCases(state);
  const said = originals.flatMap((original) => judge(cases, original));
  const { payments } = state;
  const gaps = payments.kind === 'unseen' && originals.length > 0 ? [payments.gap] : [];
  return outcomeOf({
    pass: `${letters.length} letters, ${originals.length} originals, all settled`,
    findings: said.filter((each) => 'severity' in each),
    gaps: [...gaps, ...said.filter((each) => 'operation' in each)],
  });
}

/** One for each record that failed, with its newest letter. Letters about pages or notifications hurt no payment. */
function originalsOf(letters: readonly DeadLetter[]): readonly Original[] {
  const found = new Map<string, Original>();
  for (const letter of letters) {
    const stage = ROW_STAGES.find((each) => stageDefinition(each).topics[0] === letter.originalTopic);
    if (stage === undefined) continue;
    const key = positionOf(letter);
    const known = found.get(key);
    const newest = known === undefined || letter.atMs >= known.letter.atMs ? letter : known.letter;
    found.set(key, { letter: newest, copies: (known?.copies ?? 0) + 1, stage });
  }
  return [...found.values()];
}

const positionOf = (letter: DeadLetter): string =>
  `${letter.originalTopic}[${letter.originalPartition}] @ ${letter.originalOffset}`;

function judge(cases: Cases, original: Original): readonly (Finding | Gap)[] {
  const passed = isPassed(cases.index.state, original);
  if (passed === false) return [];
  if (passed !== true) return [passed];
  const one = paymentOf(cases, original.letter);
  if (one === null) return isArrived(cases.index.state, original.letter) ? [] : [unjudged(original)];
  const kind = one.identity().class;
  if (kind !== 'ordinary' && kind !== 'renewal') return [];
  const row = one.effect(EFFECTS_OF_STAGE[original.stage].row);
  if (row.status === 'unknown') return row.gap === null ? [] : [row.gap];
  if (row.status !== 'missing') return [];
  const observed = `${original.copies} letters, passed over, ${row.detail}`;
  const { paymentId } = one.payment;
  return [
    {
      severity: 'fail',
      subject: { kind: 'payment', payment: paymentId },
      stage: original.stage,
      observed,
      expected: 'the effect of its record',
      summary: `${positionOf(original.letter)}, payment ${paymentId}: ${observed}`,
      hint: `kc-doctor fix redrive-dead-letters ${paymentId}`,
      payments: [paymentId],
    },
  ];
}

/** A record that is not passed yet is retried: offsets/no-record-blocks speaks of it. */
function isPassed(state: PlatformState, { letter, stage }: Original): boolean | Gap {
  const { group } = stageDefinition(stage);
  const seenGroup = state.groups[group];
  if (seenGroup?.kind === 'unseen') return seenGroup.gap;
  const polled = seenGroup?.value.polls
    .at(-1)
    ?.partitions.find(
      ({ topic, partition }) => topic === letter.originalTopic && partition === letter.originalPartition,
    );
  if (polled === undefined) {
    return {
      system: 'kafka',
      operation: `committed offset of ${group} on ${letter.originalTopic}[${letter.originalPartition}]`,
      code: 'not-attempted',
      reason: 'it was not read',
      hint: `kafka-consumer-groups --describe --group ${group}`,
    };
  }
  return polled.committed !== null && polled.committed > letter.originalOffset;
}

function paymentOf(cases: Cases, letter: DeadLetter): PaymentCase | null {
  const ids = [letter.correlationId, letter.key].flatMap((id) => (id === null ? [] : [id.toLowerCase()]));
  return cases.all.find((one) => one.identity().ids.some((id) => ids.includes(id))) ?? null;
}

/** A payment that is not among the unfinished ones arrived, as far as the unfinished ones were all read. */
function isArrived(state: PlatformState, letter: DeadLetter): boolean {
  if (state.payments.kind === 'unseen' || (letter.correlationId ?? letter.key) === null) return false;
  const { unfinished, unfinishedTotal, olderMissing, coveredFromMs, windowStartMs } = state.payments.value;
  return unfinished.length === unfinishedTotal && coveredFromMs <= windowStartMs && olderMissing === 0;
}

function unjudged(original: Original): Finding {
  const { letter, copies, stage } = original;
  const observed = `${copies} letters, passed over, its payment was not looked at`;
  return {
    severity: 'warn',
    subject: { kind: 'topic', topic: DEAD_LETTER_TOPIC },
    stage,
    observed,
    expected: 'the effect of its record',
    summary: `${positionOf(letter)}: ${observed}`,
    hint: letter.correlationId === null ? 'read the letter' : `kc-doctor trace ${letter.correlationId}`,
    payments: [],
  };
}
