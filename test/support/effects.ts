import Docker from 'dockerode';
import { openLabKafka } from '../../lab/kafka/client.ts';
import type { Lab } from '../../lab/lab.ts';
import type { PlanDocument } from '../../src/report/schema.ts';
import { type Delivery, deliveryOf } from './deliveries.ts';

const LAB_LABEL = 'kc-lab';

/** What the reader of a topic makes of a record that it reads for the first time. */
const MADE_FROM: Readonly<Record<string, keyof Delivery>> = {
  'purchase-confirmed': 'purchases',
  'purchase-created': 'liveAllocations',
  'trainer-allocated': 'sessions',
};

/** What a plan can change, as the servers tell it. */
export interface World {
  /** Start by container. */
  readonly containers: Readonly<Record<string, string>>;
  readonly topics: readonly string[];
  readonly deliveries: Readonly<Record<string, Delivery>>;
}

export async function worldOf(lab: Lab, payments: readonly string[]): Promise<World> {
  const kafka = openLabKafka(lab.kafkaHostPort);
  try {
    const [containers, topics, deliveries] = await Promise.all([
      startsOf(lab),
      kafka.topics(),
      Promise.all(payments.map(async (payment) => [payment, await deliveryOf(lab, payment)] as const)),
    ]);
    return { containers, topics, deliveries: Object.fromEntries(deliveries) };
  } finally {
    await kafka.close();
  }
}

async function startsOf(lab: Lab): Promise<Readonly<Record<string, string>>> {
  const docker = new Docker();
  const listed = await docker.listContainers({ all: true, filters: { label: [`${LAB_LABEL}=${lab.name}`] } });
  const starts = listed.map(async ({ Id }) => {
    const { Name, State } = await docker.getContainer(Id).inspect();
    return [Name.slice(1), State.StartedAt] as const;
  });
  return Object.fromEntries(await Promise.all(starts));
}

export interface Effects {
  /** Containers with another start than before. */
  readonly started: readonly string[];
  readonly topicsMade: readonly string[];
  /** `payment: what it had none of before`. */
  readonly made: readonly string[];
  /** `topic[partition] offset: key` of the records that were to be read. */
  readonly read: readonly string[];
}

/** What the plan says will happen. */
export function predictedBy({ steps, previews }: PlanDocument): Effects {
  const named = (kind: string, name: string) =>
    steps.flatMap(({ action }) => (action.kind === kind ? [String(action[name])] : [])).toSorted();
  return {
    started: named('start-container', 'name'),
    topicsMade: named('create-topic', 'topic'),
    made: previews
      .filter(({ effect }) => effect === 'read-first-time')
      .map(({ payment, topic }) => `${payment}: ${MADE_FROM[topic]}`)
      .toSorted(),
    read: previews
      .flatMap(({ payment, topic, partition, offset }) =>
        offset === null ? [] : [`${topic}[${partition}] ${offset}: ${payment}`],
      )
      .toSorted(),
  };
}

/** The same, as it happened; of what was made and read only what the plan speaks of. */
export async function happenedBetween(
  lab: Lab,
  before: World,
  after: World,
  { previews }: PlanDocument,
): Promise<Effects> {
  const made = previews.flatMap(({ payment, topic, effect }) => {
    const what = MADE_FROM[topic];
    if (payment === null || what === undefined || effect !== 'read-first-time') return [];
    const isMade = before.deliveries[payment]?.[what] === 0 && (after.deliveries[payment]?.[what] ?? 0) > 0;
    return isMade ? [`${payment}: ${what}`] : [];
  });
  const read = await Promise.all(
    previews.map(async ({ topic, partition, offset }) => {
      const records = await lab.kafka.records(topic, partition);
      const record = records.find((one) => String(one.offset) === offset);
      return record === undefined ? [] : [`${topic}[${partition}] ${offset}: ${record.key}`];
    }),
  );
  return {
    started: Object.entries(after.containers)
      .filter(([name, start]) => before.containers[name] !== start)
      .map(([name]) => name)
      .toSorted(),
    topicsMade: after.topics.filter((topic) => !before.topics.includes(topic)).toSorted(),
    made: made.toSorted(),
    read: read.flat().toSorted(),
  };
}
