/** Whether the records before a lost one were lost as well: what tells a reset from a worker that began at the end. */
import { EFFECTS_OF_STAGE, openCases, ROW_STAGES } from '../platform/effects.ts';
import type { PlatformState } from '../platform/state.ts';
import type { Question, Reading } from './cause.ts';
import { lastPoll, mostOf, stageOf } from './readings.ts';

/**
 * Holds where records that are nobody's loss lie before it in its partition, so that the group had read there before. Does not hold
 * where the losses reach down to the log start. Payments that are missing and older than the window may own what nobody else does.
 */
export function earlierHandledReading(question: Question): Reading {
  const { state } = question;
  const observation = 'records before it';
  const lost = lostOffsets(question);
  const older = state.payments.kind === 'seen' ? state.payments.value.olderMissing : null;
  return mostOf(question, observation, ({ position }) => {
    if (position === null || older === null || lost === null) return 'unseen';
    const { topic, partition, offset } = position;
    const start = lastPoll(question)?.partitions.find(
      (each) => each.topic === topic && each.partition === partition,
    )?.bounds?.start;
    if (start === undefined || start > offset) return 'unseen';
    const before = [...(lost.get(`${topic} ${partition}`) ?? [])].filter(
      (each) => each >= start && each < offset,
    ).length;
    const others = Number(offset - start) - before;
    if (others === 0) {
      return { holds: false, text: `the losses begin at the log start of ${topic}[${partition}]` };
    }
    if (others <= older) return 'unseen';
    const what = others === 1 ? '1 record was' : `${others} records were`;
    return { holds: true, text: `before it in ${topic}[${partition}] ${what} not lost` };
  });
}

/** Offsets of records of this stage whose payments lack its row, by topic and partition; null: the stage makes no row. */
function lostOffsets(question: Question): ReadonlyMap<string, ReadonlySet<bigint>> | null {
  const stage = ROW_STAGES.find((each) => each === stageOf(question));
  return stage === undefined ? null : lostOf(question.state, EFFECTS_OF_STAGE[stage]);
}

function lostOf(
  state: PlatformState,
  { input, row }: (typeof EFFECTS_OF_STAGE)[keyof typeof EFFECTS_OF_STAGE],
): ReadonlyMap<string, ReadonlySet<bigint>> {
  const found = new Map<string, Set<bigint>>();
  for (const one of openCases(state).all) {
    if (one.effect(row).status === 'done') continue;
    for (const { topic, partition, offset } of one.effect(input).records) {
      const key = `${topic} ${partition}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, new Set([offset]));
      else known.add(offset);
    }
  }
  return found;
}
