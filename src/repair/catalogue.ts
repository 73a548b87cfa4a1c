import { createTopics } from './create-topics.ts';
import { manualInstructions } from './manual-instructions.ts';
import { moveOffsets } from './move-offsets.ts';
import type { RepairId } from './plan.ts';
import type { Repair } from './repair.ts';
import { replayPayment } from './replay-payment.ts';
import { startWorker } from './start-worker.ts';

/** In the order of composition (catalogue.md 4.1): ground, numbers, flow, then what is still missing. */
export const REPAIRS: readonly Repair[] = [
  manualInstructions,
  createTopics,
  moveOffsets,
  startWorker,
  replayPayment,
];

export function repairOf(id: RepairId): Repair {
  const found = REPAIRS.find((repair) => repair.id === id);
  if (found === undefined) throw new Error(`no such repair: ${id}`);
  return found;
}
