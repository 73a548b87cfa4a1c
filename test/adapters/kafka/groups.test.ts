import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { assignmentOf } from '../../../src/adapters/kafka/groups.ts';

const { MemberAssignment } = kafkajs.AssignerProtocol;
const decode = (bytes: Buffer): unknown => MemberAssignment.decode(bytes);

describe('assignmentOf', () => {
  it('lists the partitions of a member', () => {
    const bytes = MemberAssignment.encode({
      version: 1,
      assignment: { b: [1, 0], a: [2] },
      userData: Buffer.alloc(0),
    });
    expect(assignmentOf(bytes, decode)).toEqual([
      { topic: 'a', partition: 2 },
      { topic: 'b', partition: 0 },
      { topic: 'b', partition: 1 },
    ]);
  });

  it('tells a member without partitions from one whose assignment is not known', () => {
    const none = MemberAssignment.encode({ version: 1, assignment: {}, userData: Buffer.alloc(0) });
    expect(assignmentOf(none, decode)).toEqual([]);
    expect(assignmentOf(Buffer.alloc(0), decode)).toBeNull();
  });

  it('does not know what to make of bytes of another protocol', () => {
    expect(assignmentOf(Buffer.from([0, 1, 0, 0, 0, 9, 0, 40, 1]), decode)).toBeNull();
  });
});
