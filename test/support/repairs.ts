import { openLabKafka } from '../../lab/kafka/client.ts';
import type { Lab } from '../../lab/lab.ts';
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

/** Records with the header of this run, or of any, on every topic. */
export async function recordsOfRun(lab: Lab, wanted: string | null): Promise<number> {
  // A client that has read from a topic which is deleted then fails on every other one.
  const kafka = openLabKafka(lab.kafkaHostPort);
  try {
    const topics = (await kafka.topics()).filter((topic) => !topic.startsWith('__'));
    const records = await Promise.all(topics.map((topic) => kafka.records(topic)));
    return records
      .flat()
      .map(({ headers }) => headers['kc-doctor-run'])
      .filter((header) => header !== undefined && (wanted === null || header === wanted)).length;
  } finally {
    await kafka.close();
  }
}
