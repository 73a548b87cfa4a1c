import { writeFileSync } from 'node:fs';
import type { Consumer } from 'kafkajs';

/**
 * Leaves a file for the lab once the consumer has fetched for the first time. A group is Stable a moment before its
 * member has looked up where its partitions end, and a record that arrives in between is never read when there is
 * no commit: the lab must not send a payment into that moment unasked.
 */
export function tellWhenReading(consumer: Consumer, path: string | undefined): void {
  if (path === undefined) return;
  const stopListening = consumer.on(consumer.events.FETCH, () => {
    stopListening();
    writeFileSync(path, '');
  });
}
