import type { LabRecord } from '../kafka/client.ts';
import type { Lab } from '../lab.ts';
import { GROUP_OF, type Topic, type Worker } from '../platform.ts';

/** For a record that is retried by itself: the longest pause of a worker and of kafkajs, plus a rejoin, on a busy machine. */
export const RETRIED_MS = 120_000;

/** One payment that is alone in the fault, or a neighbour that is not. */
export async function payOne(lab: Lab, partition?: number): Promise<string> {
  const [id] = await lab.pay(partition === undefined ? { count: 1 } : { count: 1, partition });
  if (id === undefined) throw new Error('payment-service made no payment');
  return id;
}

export async function recordsOf(lab: Lab, topic: Topic, key: string): Promise<readonly LabRecord[]> {
  return (await lab.kafka.records(topic)).filter((record) => record.key === key);
}

export async function waitForRecord(lab: Lab, topic: Topic, key: string): Promise<LabRecord> {
  return lab.until(`a record of ${key} on ${topic}`, async () => (await recordsOf(lab, topic, key))[0]);
}

export async function committedAt(
  lab: Lab,
  worker: Worker,
  { topic, partition }: LabRecord,
): Promise<bigint | null> {
  const committed = await lab.kafka.committed(GROUP_OF[worker], topic);
  return committed.find((entry) => entry.partition === partition)?.offset ?? null;
}

/** Dead letters that are copies of this one record. */
export async function deadLettersOf(lab: Lab, { topic, partition, offset }: LabRecord): Promise<number> {
  const letters = await lab.kafka.records('dead-letter-queue');
  return letters.filter(
    ({ headers }) =>
      headers['originalTopic'] === topic &&
      headers['originalPartition'] === String(partition) &&
      headers['originalOffset'] === String(offset),
  ).length;
}

/** Sends the record of this key once more, byte for byte. */
export async function redeliver(lab: Lab, topic: Topic, key: string): Promise<void> {
  const { value, headers } = await waitForRecord(lab, topic, key);
  await lab.kafka.send(topic, [{ key, value, headers }]);
}

export async function countRows(lab: Lab, text: string, params: readonly unknown[]): Promise<number> {
  const [row] = await lab.sql<{ count: number }>(`select count(*)::int as count from ${text}`, params);
  return row?.count ?? 0;
}

/** The live allocation of a payment whose student has one course. */
export async function allocationOf(lab: Lab, paymentId: string): Promise<string> {
  const [row] = await lab.sql<{ id: string }>(
    `select a.id
     from trainer_allocations a
     join payments p on a.student_id = p.student_id
     where p.id = $1 and a.status in ('approved', 'active')`,
    [paymentId],
  );
  if (row === undefined) throw new Error(`no allocation of ${paymentId}`);
  return row.id;
}
