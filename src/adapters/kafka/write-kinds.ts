import type { WriteOutcome } from '../../ports/kafka-cluster.ts';
import { API, errorType } from './protocol.ts';

export interface WriteKind {
  readonly apiKey: number;
  /** The broker's way of saying that there was nothing to do, or that it may not be done now. */
  readonly declined: readonly string[];
  /** Said before anything is touched. Every other code may come after the effect, or half-way. */
  readonly untouched: readonly string[];
  /** Right that the login needs. */
  readonly right: string;
}

const RIGHTS = ['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED'];

/** Not here: REQUEST_TIMED_OUT, since the controller goes on creating after it has stopped waiting. */
export const CREATE_TOPIC: WriteKind = {
  apiKey: API.createTopics,
  declined: ['TOPIC_ALREADY_EXISTS'],
  untouched: [
    ...RIGHTS,
    'INVALID_TOPIC_EXCEPTION',
    'INVALID_PARTITIONS',
    'INVALID_REPLICATION_FACTOR',
    'INVALID_CONFIG',
    'INVALID_REQUEST',
    'POLICY_VIOLATION',
  ],
  right: 'CREATE on the topic or the cluster',
};

/**
 * Not here: COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR, which also stand for a write to the offsets topic that ended badly
 * (GroupMetadataManager.storeOffsets of Kafka 3.5).
 */
export const COMMIT_OFFSETS: WriteKind = {
  apiKey: API.offsetCommit,
  declined: ['UNKNOWN_MEMBER_ID'],
  untouched: [
    ...RIGHTS,
    'UNKNOWN_TOPIC_OR_PARTITION',
    'OFFSET_METADATA_TOO_LARGE',
    'GROUP_LOAD_IN_PROGRESS',
    'ILLEGAL_GENERATION',
    'INVALID_GROUP_ID',
    'REBALANCE_IN_PROGRESS',
  ],
  right: 'READ on the group and on its topics',
};

/**
 * Not here: NOT_ENOUGH_REPLICAS_AFTER_APPEND and REQUEST_TIMED_OUT, after which the record stays in the log, nor
 * NOT_LEADER_FOR_PARTITION, which also ends the wait for the other replicas (DelayedProduce of Kafka 3.5).
 */
export const PRODUCE_RECORD: WriteKind = {
  apiKey: API.produce,
  declined: [],
  untouched: [
    ...RIGHTS,
    'CORRUPT_MESSAGE',
    'MESSAGE_TOO_LARGE',
    'INVALID_TOPIC_EXCEPTION',
    'RECORD_LIST_TOO_LARGE',
    'NOT_ENOUGH_REPLICAS',
    'INVALID_REQUIRED_ACKS',
    'INVALID_TIMESTAMP',
    'INVALID_RECORD',
    'POLICY_VIOLATION',
    'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  ],
  right: 'WRITE on the topic',
};

/** Refused: proved that nothing was changed, for a reason that is nobody's plan. */
export type Verdict =
  | { readonly kind: 'settled'; readonly outcome: WriteOutcome }
  | { readonly kind: 'refused'; readonly type: string };

/** From one error code for each thing that was asked; undefined where the answer leaves it out. */
export function verdictOf(kind: WriteKind, codes: readonly (number | undefined)[]): Verdict {
  const unknown: Verdict = { kind: 'settled', outcome: 'unknown' };
  if (codes.length === 0) return unknown;
  const types: (string | null)[] = [];
  for (const code of codes) {
    if (code === undefined) return unknown;
    types.push(errorType(code));
  }
  const failed = types.filter((type) => type !== null);
  if (failed.length === 0) return { kind: 'settled', outcome: 'done' };
  // One part done and another not is neither: only reading tells.
  if (failed.length < types.length) return unknown;
  const isDeclined = (type: string): boolean => kind.declined.includes(type);
  if (!failed.every((type) => isDeclined(type) || kind.untouched.includes(type))) return unknown;
  const refusal = failed.find((type) => !isDeclined(type));
  return refusal === undefined
    ? { kind: 'settled', outcome: 'not-done' }
    : { kind: 'refused', type: refusal };
}
