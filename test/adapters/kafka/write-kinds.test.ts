import { describe, expect, it } from 'vitest';
import {
  COMMIT_OFFSETS,
  CREATE_TOPIC,
  PRODUCE_RECORD,
  verdictOf,
} from '../../../src/adapters/kafka/write-kinds.ts';

const settled = (outcome: string): unknown => ({ kind: 'settled', outcome });
const refused = (type: string): unknown => ({ kind: 'refused', type });

/** Numbers of kafka.apache.org/protocol. */
const OK = 0;
const SOMETHING_NEW = 9_999;

describe('verdictOf', () => {
  it.each([
    ['a topic that was created', CREATE_TOPIC, [OK], settled('done')],
    ['a topic that existed', CREATE_TOPIC, [36], settled('not-done')],
    ['a creation that is still going on', CREATE_TOPIC, [7], settled('unknown')],
    ['a login that may not create', CREATE_TOPIC, [29], refused('TOPIC_AUTHORIZATION_FAILED')],
    ['too few brokers', CREATE_TOPIC, [38], refused('INVALID_REPLICATION_FACTOR')],
    ['commits that were stored', COMMIT_OFFSETS, [OK, OK], settled('done')],
    ['a group with members', COMMIT_OFFSETS, [25, 25], settled('not-done')],
    ['commits of which one was stored', COMMIT_OFFSETS, [OK, 29], settled('unknown')],
    ['a commit whose place the answer leaves out', COMMIT_OFFSETS, [OK, undefined], settled('unknown')],
    ['a coordinator that moved, perhaps after storing', COMMIT_OFFSETS, [16], settled('unknown')],
    ['a coordinator that could not finish storing', COMMIT_OFFSETS, [15], settled('unknown')],
    ['a coordinator that still loads its groups', COMMIT_OFFSETS, [14], refused('GROUP_LOAD_IN_PROGRESS')],
    [
      'two refusals, one of them no surprise',
      COMMIT_OFFSETS,
      [25, 29],
      refused('TOPIC_AUTHORIZATION_FAILED'),
    ],
    ['a record that was appended', PRODUCE_RECORD, [OK], settled('done')],
    ['a record with too few replicas after it was appended', PRODUCE_RECORD, [20], settled('unknown')],
    ['a record with too few replicas before', PRODUCE_RECORD, [19], refused('NOT_ENOUGH_REPLICAS')],
    ['a leader that moved, perhaps after appending', PRODUCE_RECORD, [6], settled('unknown')],
    ['a topic that went, perhaps after appending', PRODUCE_RECORD, [3], settled('unknown')],
    ['a record that is too large', PRODUCE_RECORD, [10], refused('MESSAGE_TOO_LARGE')],
    ['a code from the future', PRODUCE_RECORD, [SOMETHING_NEW], settled('unknown')],
    ['an answer about nothing', PRODUCE_RECORD, [], settled('unknown')],
  ])('%s', (_, kind, codes, verdict) => {
    expect(verdictOf(kind, codes)).toEqual(verdict);
  });
});
