import { describe, expect, it } from 'vitest';
import { stageDefinition } from '../../src/platform/pipeline.ts';
import { paymentsWaitingFor, paymentsWaitingIn } from '../../src/platform/waiting.ts';
import { healthyState, idsOf, withPartition, withPayment, withUnseen } from '../support/states.ts';

const where = { group: 'purchase-creation-workers', topic: 'purchase-confirmed', partition: 1 };
const two = withPayment(withPayment(healthyState(), { n: 1, upTo: 'purchase-read' }), {
  n: 2,
  upTo: 'confirmed-record',
});

describe('payments that wait', () => {
  it('are those with a record at or after the committed offset', () => {
    expect(paymentsWaitingIn(two, where)).toEqual([idsOf(2).payment]);
    expect(paymentsWaitingIn(two, { ...where, partition: 0 })).toEqual([]);
  });

  it('are all of a partition without commit', () => {
    const never = withPartition(two, where.group, where.topic, 1, { committed: null });
    expect(paymentsWaitingIn(never, where)).toEqual([idsOf(1).payment, idsOf(2).payment]);
  });

  it('are counted once over the partitions of a stage', () => {
    expect(paymentsWaitingFor(two, stageDefinition('purchase'))).toEqual([idsOf(2).payment]);
    expect(paymentsWaitingFor(two, stageDefinition('allocation'))).toEqual([]);
  });

  it('are not invented where the group or the records are unseen', () => {
    expect(paymentsWaitingIn(withUnseen(two, 'groups'), where)).toEqual([]);
    expect(paymentsWaitingIn(withUnseen(two, 'records'), where)).toEqual([]);
  });
});
