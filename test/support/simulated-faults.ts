import type { PaymentRecord } from './platform-rows.ts';
import { SimulatedPlatform } from './simulated-platform.ts';

/** Of the lab's faults those that a repair settles, on the simulated platform; old enough to be no longer on its way. */
const FINDING_AGE_MS = 20_000;
const PURCHASE_GROUP = 'purchase-creation-workers';

export interface SimulatedFault {
  readonly platform: SimulatedPlatform;
  /** What the fault hurts. */
  readonly payment: PaymentRecord;
}

export const SIMULATED_FAULTS = {
  /** allocation-worker is stopped. */
  f02: async (): Promise<SimulatedFault> => {
    const platform = await SimulatedPlatform.open();
    platform.stop('allocation-worker');
    return stuck(platform, platform.pay({ partition: 1 }));
  },
  /** The topic purchase-created is deleted; its readers die at each start. */
  f15: async (): Promise<SimulatedFault> => {
    const platform = await SimulatedPlatform.open();
    for (const reader of ['allocation-worker', 'cache-worker']) platform.stop(reader);
    platform.deleteTopic('purchase-created');
    for (const reader of ['allocation-worker', 'cache-worker']) platform.start(reader);
    return stuck(platform, platform.pay({ partition: 1 }));
  },
  /** purchase-worker is deployed for the first time after the payment. */
  f19: async (): Promise<SimulatedFault> => {
    const platform = await SimulatedPlatform.open();
    platform.stop('purchase-worker');
    platform.kafka.commit(PURCHASE_GROUP, 'purchase-confirmed', { 0: -1n, 1: -1n, 2: -1n });
    const payment = platform.pay({ partition: 1 });
    platform.pass(2_000);
    platform.start('purchase-worker');
    return stuck(platform, payment);
  },
  /** The send of PURCHASE_CONFIRMED fails after its mark. */
  f33: async (): Promise<SimulatedFault> => {
    const platform = await SimulatedPlatform.open();
    const payment = platform.pay({ partition: 1, isSent: false });
    platform.pass(1_000);
    // A later payment of the same partition arrives.
    platform.pay({ partition: 1 });
    return stuck(platform, payment);
  },
} as const;

export type SimulatedFaultId = keyof typeof SIMULATED_FAULTS;

function stuck(platform: SimulatedPlatform, payment: PaymentRecord): SimulatedFault {
  platform.pass(FINDING_AGE_MS);
  return { platform, payment };
}
