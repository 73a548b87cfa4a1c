import type { Lab } from '../contract.ts';
import type { Topic, Worker } from '../platform.ts';
import type { LabFault } from './fault.ts';
import { payOne } from './steps.ts';

const WORKERS_THEN: readonly Worker[] = [
  'purchase-worker',
  'allocation-worker',
  'session-worker',
  'cache-worker',
];
const TOPICS_SINCE: readonly Topic[] = [
  'sessions-generated',
  'course-access-granted',
  'notification-requested',
  'dead-letter-queue',
];
const THEN = { LAB_TOPICS: 'purchase-confirmed,purchase-created,trainer-allocated' };

async function deploy(lab: Lab, environment: Readonly<Record<string, string>>): Promise<void> {
  await Promise.all(WORKERS_THEN.map((worker) => lab.recreate(worker, { environment })));
  await Promise.all(WORKERS_THEN.map((worker) => lab.waitForJoined(worker)));
}

export const fault: LabFault = {
  id: 'h3',
  title: 'an older platform: three topics, four workers, no dead letters',
  generation: 'older',
  expects: { topCause: null, exitCode: 0 },
  async inject(lab) {
    await lab.remove('notification-worker', { fromCompose: true });
    await Promise.all(WORKERS_THEN.map((worker) => lab.stop(worker)));
    await Promise.all(TOPICS_SINCE.map((topic) => lab.kafka.deleteTopic(topic)));
    await deploy(lab, THEN);
    const payment = await payOne(lab);
    await lab.waitForSessions([payment]);
    return { payments: [payment] };
  },
  async heal(lab) {
    await Promise.all(WORKERS_THEN.map((worker) => lab.stop(worker)));
    await Promise.all(TOPICS_SINCE.map((topic) => lab.kafka.createTopic(topic)));
    await deploy(lab, {});
    await lab.recreate('notification-worker');
    await lab.waitForJoined('notification-worker');
  },
};
