import { describe, expect, it } from 'vitest';
import { committedInsideLog } from '../../../src/checks/offsets/committed-inside-log.ts';
import { unseen } from '../../../src/platform/observed.ts';
import {
  gap,
  healthyState,
  idsOf,
  logLine,
  NOW,
  type PartitionChange,
  SECOND,
  withGroup,
  withLogLines,
  withPartition,
  withPayment,
  withPolls,
  withTopicPartition,
  withUnseen,
  withUnseenGroup,
} from '../../support/states.ts';

const examine = committedInsideLog.examine;
const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';
const at = (change: PartitionChange) => withPartition(healthyState(), GROUP, TOPIC, 0, change);

describe(committedInsideLog.id, () => {
  it('passes usable commits, and an idle partition without one', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(at({ end: 0n, committed: null })).status).toBe('pass');
  });

  it.each([
    { change: { end: 40n, committed: 57n }, says: 'committed 57 lies beyond the log end 40' },
    { change: { start: 30n, end: 40n, committed: 12n }, says: '18 records from 12 on are gone' },
    { change: { end: 1n, committed: -2n }, says: '-2 is stored, a code and not an offset' },
  ])('fails when $says', ({ change, says }) => {
    expect(examine(at(change))).toMatchObject({
      status: 'fail',
      summary: expect.stringContaining(says),
      findings: [{ subject: { kind: 'partition', group: GROUP, topic: TOPIC, partition: 0 } }],
    });
  });

  it('fails for records that the next start would skip, and names their payments', () => {
    const paid = withPayment(healthyState(), { upTo: 'confirmed-record', partition: 0 });
    const never = withGroup(withPartition(paid, GROUP, TOPIC, 0, { end: 5n, committed: null }), GROUP, {
      states: ['Empty'],
    });
    expect(examine(never)).toMatchObject({
      status: 'fail',
      findings: [
        { payments: [idsOf(1).payment], hint: expect.stringContaining('do not restart purchase-worker') },
      ],
    });
  });

  it('warns while all records are newer than the join', () => {
    expect(examine(at({ end: 1n, committed: null }))).toMatchObject({ status: 'warn' });
  });

  it('fails once the join is newer than a record', () => {
    const joined = logLine({ kind: 'joined', logger: 'kafkajs', atMs: NOW - SECOND });
    const state = withLogLines(at({ end: 1n, committed: null }), 'purchase-worker', [joined]);
    expect(examine(state).status).toBe('fail');
  });

  it('passes a good number whose progress is unknown, and is unknown without the number', () => {
    expect(examine(withPolls(at({ end: 9n, committed: 4n }), GROUP, 1)).status).toBe('pass');
    expect(examine(withUnseenGroup(healthyState(), GROUP)).status).toBe('unknown');
    expect(examine(withUnseen(healthyState(), 'topics')).status).toBe('unknown');
  });

  it('is unknown where the number was read and the ends of the log were not', () => {
    const state = withTopicPartition(healthyState(), TOPIC, 0, { bounds: unseen(gap('kafka')) });
    const blind = withGroup(state, GROUP, {
      poll: (poll) => ({ ...poll, partitions: poll.partitions.map((one) => ({ ...one, bounds: null })) }),
    });
    expect(examine(blind).status).toBe('unknown');
  });
});
