import { describe, expect, it } from 'vitest';
import { recordsBeingRead } from '../../../src/checks/offsets/records-being-read.ts';
import {
  crashForGood,
  deadLetter,
  healthyState,
  idsOf,
  LAST_HANDLED,
  type PartitionChange,
  SECOND,
  withDeadLetters,
  withGroup,
  withLogLines,
  withPartition,
  withPayment,
  withPolls,
  withUnseenGroup,
} from '../../support/states.ts';

const examine = recordsBeingRead.examine;
const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';
const at = (change: PartitionChange) => withPartition(healthyState(), GROUP, TOPIC, 0, change);
const behind = at({ end: 9n, committed: 4n });

describe(recordsBeingRead.id, () => {
  it('passes when nothing is unread, or only what is young', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(at({ end: 9n, committed: 8n, headAgeMs: 5 * SECOND })).status).toBe('pass');
  });

  it('fails for unread records that nobody owns, and names the payments', () => {
    const paid = withPayment(healthyState(), { upTo: 'confirmed-record', partition: 0 });
    expect(examine(withGroup(paid, GROUP, { states: ['Empty'] }))).toMatchObject({
      status: 'fail',
      summary: `${GROUP} on ${TOPIC}[0]: 1 unread, oldest 59 min, no member at 3 looks`,
      findings: [{ payments: [idsOf(1).payment] }],
    });
  });

  it('fails for a dead consumer, a silent owner and a partition without owner', () => {
    const dead = withLogLines(behind, 'purchase-worker', crashForGood(LAST_HANDLED));
    expect(examine(withGroup(dead, GROUP, { states: ['Empty'] })).status).toBe('fail');
    expect(examine(behind).status).toBe('fail');
    expect(examine(at({ end: 9n, committed: 4n, owned: false })).status).toBe('fail');
  });

  it('warns for slow reading, and passes catching up with an estimate', () => {
    expect(examine(at({ end: [90n, 93n, 95n], committed: [10n, 11n, 12n] })).status).toBe('warn');
    expect(examine(at({ end: 90n, committed: [10n, 20n, 30n] }))).toEqual({
      status: 'pass',
      summary: `catching up: 60 left on ${TOPIC}[0], about 12 s`,
    });
  });

  it('leaves a blocked partition and an unusable commit to the checks that are about them', () => {
    const blocked = withDeadLetters(behind, [deadLetter(TOPIC, 0, 4n), deadLetter(TOPIC, 0, 4n)]);
    expect(examine(blocked).status).toBe('pass');
    expect(examine(at({ end: 40n, committed: 57n })).status).toBe('pass');
  });

  it('is unknown after a single look, or without the group', () => {
    expect(examine(withPolls(behind, GROUP, 1))).toMatchObject({
      status: 'unknown',
      gap: { code: 'no-time' },
    });
    expect(examine(withUnseenGroup(healthyState(), GROUP)).status).toBe('unknown');
  });
});
