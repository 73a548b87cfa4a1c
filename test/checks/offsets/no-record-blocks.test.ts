import { describe, expect, it } from 'vitest';
import { noRecordBlocks } from '../../../src/checks/offsets/no-record-blocks.ts';
import {
  crashForGood,
  deadLetter,
  healthyState,
  LAST_HANDLED,
  withDeadLetters,
  withGroup,
  withLogLines,
  withPartition,
  withUnseen,
  withUnseenLog,
} from '../../support/states.ts';

const examine = noRecordBlocks.examine;
const GROUP = 'purchase-creation-workers';
const TOPIC = 'purchase-confirmed';
const behind = withPartition(healthyState(), GROUP, TOPIC, 0, { end: 9n, committed: 4n });
const copies = (count: number, offset = 4n) =>
  withDeadLetters(
    behind,
    Array.from({ length: count }, () => deadLetter(TOPIC, 0, offset)),
  );

describe(noRecordBlocks.id, () => {
  it('passes without letters', () => {
    expect(examine(healthyState()).status).toBe('pass');
    expect(examine(behind).status).toBe('pass');
  });

  it('fails for copies of the record at the committed offset', () => {
    expect(examine(copies(12))).toMatchObject({
      status: 'fail',
      summary: `${GROUP} on ${TOPIC}[0]: 12 dead letters name offset 4, the committed offset stands still; 5 unread`,
      findings: [{ hint: expect.stringContaining('quarantine-record') }],
    });
  });

  it('fails for it behind a dead consumer as well', () => {
    const dead = withLogLines(copies(6), 'purchase-worker', crashForGood(LAST_HANDLED));
    expect(examine(withGroup(dead, GROUP, { states: ['Empty'] })).status).toBe('fail');
  });

  it('passes one letter, and letters of a record that was passed', () => {
    expect(examine(copies(1)).status).toBe('pass');
    expect(examine(copies(40, 3n)).status).toBe('pass');
  });

  it('lets letters and logs stand in for each other, and is unknown without both or without the record', () => {
    const noLetters = withUnseen(behind, 'deadLetters');
    expect(examine(noLetters).status).toBe('pass');
    expect(examine(withUnseenLog(behind, 'purchase-worker')).status).toBe('pass');
    expect(examine(withUnseenLog(noLetters, 'purchase-worker')).status).toBe('unknown');
    expect(examine(withUnseen(behind, 'records')).status).toBe('unknown');
  });
});
