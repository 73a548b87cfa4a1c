import type { HistoryDocument, RepairDocument } from '../../src/report/schema.ts';
import type { Delivery } from './deliveries.ts';
import type { DoctorRun } from './doctor.ts';

/** What a payment has that arrived once. */
export const DELIVERED: Delivery = { purchases: 1, liveAllocations: 1, sessions: 7, doubledSlots: 0 };

export function repairOf(run: DoctorRun): RepairDocument {
  return JSON.parse(printed(run)) as RepairDocument;
}

export function runsOf(run: DoctorRun): HistoryDocument['runs'] {
  return (JSON.parse(printed(run)) as HistoryDocument).runs;
}

function printed({ stdout, stderr, exitCode }: DoctorRun): string {
  if (stdout === '') throw new Error(`no JSON on stdout (exit ${exitCode}):\n${stderr}`);
  return stdout;
}

/** The flags that agree to this plan. */
export function consentTo({ plan }: RepairDocument): readonly string[] {
  return plan?.confirm == null ? ['--yes'] : ['--confirm', plan.confirm];
}
