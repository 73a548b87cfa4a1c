import type { Lab } from '../contract.ts';
import { GROUP_OF, INPUTS_OF, WORKERS } from '../platform.ts';
import type { LabFault } from './fault.ts';
import { payOne, waitUntilReached, waitUntilStuckBefore } from './support.ts';

const TOPIC = 'purchase-created';
const READERS = WORKERS.filter((worker) => INPUTS_OF[worker].includes(TOPIC));
/** purchase-worker may be in the middle of a send whose tries are up to 11 s apart, in a handler that has three. */
const RECOVERY_TIMEOUT_MS = 120_000;

/** A reader that was running when its topic went would try again for ever; one that starts without it dies. */
async function waitUntilReadersDie(lab: Lab): Promise<void> {
  await lab.until('the readers die at start', async () => {
    const { services } = await lab.status();
    return READERS.every((reader) =>
      services.some(({ service, restartCount }) => service === reader && restartCount > 1),
    );
  });
}

export const fault: LabFault = {
  id: 'f15',
  title: 'the topic purchase-created is deleted',
  expects: { topCause: 'topic-missing@allocation', exitCode: 1 },

  async inject(lab) {
    await Promise.all(READERS.map((reader) => lab.stop(reader)));
    await lab.kafka.deleteTopic(TOPIC);
    await lab.kafka.waitForGroupState(GROUP_OF['allocation-worker'], 'Dead');
    await Promise.all(READERS.map((reader) => lab.start(reader)));
    const payment = await payOne(lab);
    await waitUntilReached(lab, payment, 'purchase');
    await waitUntilReadersDie(lab);
    await waitUntilStuckBefore(lab, payment, 'allocation');
    return { payments: [payment] };
  },

  async heal(lab, { payments }) {
    await Promise.all(READERS.map((reader) => lab.stop(reader)));
    await lab.kafka.createTopic(TOPIC);
    // purchase-worker publishes within seconds. A reader that joins without a commit would start behind that.
    const start = (await lab.kafka.ends(TOPIC)).map(({ partition }) => ({
      topic: TOPIC,
      partition,
      offset: 0n,
    }));
    for (const reader of READERS) await lab.kafka.commit(GROUP_OF[reader], start);
    await Promise.all(READERS.map((reader) => lab.start(reader)));
    await Promise.all(READERS.map((reader) => lab.waitForJoined(reader)));
    await lab.waitForSessions(payments, RECOVERY_TIMEOUT_MS);
  },
};
