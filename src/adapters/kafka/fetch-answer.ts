/** Answer to Fetch version 11 (brokers 2.3 and newer), down to the stored bytes of each partition's records. */
export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
  readonly records: Buffer;
}

export interface FetchAnswer {
  /** kafkajs looks at this name to obey the broker's quota. */
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

export const RAW_FETCH_VERSION = 11;

const ABORTED_TRANSACTION_BYTES = 16;

export function decodeFetchAnswer(payload: Buffer): FetchAnswer {
  const clientSideThrottleTime = payload.readInt32BE(0);
  const errorCode = payload.readInt16BE(4);
  const partitions: FetchedPartition[] = [];
  // After throttle time 4, error code 2 and session id 4.
  let at = 10;
  const topics = payload.readInt32BE(at);
  at += 4;
  for (let topic = 0; topic < topics; topic += 1) {
    at += 2 + payload.readInt16BE(at);
    const count = payload.readInt32BE(at);
    at += 4;
    for (let index = 0; index < count; index += 1) {
      const head = at;
      const aborted = payload.readInt32BE(head + 30);
      // partition 4, error 2, high watermark 8, last stable offset 8, log start 8, aborted transactions, preferred replica 4
      const sizeAt = head + 34 + Math.max(aborted, 0) * ABORTED_TRANSACTION_BYTES + 4;
      const size = Math.max(payload.readInt32BE(sizeAt), 0);
      at = sizeAt + 4 + size;
      partitions.push({
        partition: payload.readInt32BE(head),
        errorCode: payload.readInt16BE(head + 4),
        highWatermark: payload.readBigInt64BE(head + 6),
        logStartOffset: payload.readBigInt64BE(head + 22),
        records: payload.subarray(sizeAt + 4, at),
      });
    }
  }
  return { clientSideThrottleTime, errorCode, partitions };
}
