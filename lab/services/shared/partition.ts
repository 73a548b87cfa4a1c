import { randomUUID } from 'node:crypto';
import { Partitioners, type PartitionMetadata } from 'kafkajs';

const PARTITIONS = 3;
const partitionOf = Partitioners.DefaultPartitioner();

/** The partitioner looks only at how many partitions there are. */
const metadata = Array.from({ length: PARTITIONS }, (_, partitionId): PartitionMetadata => {
  return { partitionErrorCode: 0, partitionId, leader: 0, replicas: [0], isr: [0] };
});

/** Partition of a key in the platform's topics: murmur2, as all its producers use it. */
export function partitionOfKey(key: string): number {
  return partitionOf({ topic: '', partitionMetadata: metadata, message: { key, value: null } });
}

/** A payment id whose records go to this partition; any partition when none is asked for. */
export function paymentIdIn(partition?: number): string {
  if (partition !== undefined && !(partition >= 0 && partition < PARTITIONS)) {
    throw new Error(`no partition ${partition}: topics have ${PARTITIONS}`);
  }
  for (;;) {
    const id = randomUUID();
    if (partition === undefined || partitionOfKey(id) === partition) return id;
  }
}
