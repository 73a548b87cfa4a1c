import { fault as f35 } from './f35.ts';
import type { LabFault } from './fault.ts';
import { countRows, payOne } from './steps.ts';

export const fault: LabFault = {
  ...f35,
  id: 'd7',
  title: 'marks of cache-worker where allocations exist, beside an allocation that was never announced',
  async inject(lab) {
    // The allocating code announces before allocation-worker marks, so a slow handler loses the mark and nothing else.
    await lab.setSwitch('cache-worker', 'markFirst', true);
    await lab.setSwitch('allocation-worker', 'delayMs', 1_000);
    const bystander = await payOne(lab);
    const marks = () =>
      countRows(
        lab,
        `processed_events
         where correlation_id = $1 and event_type = 'PURCHASE_CREATED' and source = 'cache-worker'`,
        [bystander],
      );
    await lab.until('a mark of cache-worker', async () => (await marks()) === 1);
    await lab.setSwitch('cache-worker', 'markFirst', undefined);
    await lab.setSwitch('allocation-worker', 'delayMs', undefined);
    await lab.waitForSessions([bystander]);
    return f35.inject(lab);
  },
};
