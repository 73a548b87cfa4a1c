/** The body of the one-shot `kafka-init`: makes the topics that are missing, and exits 0. */
import kafkajs from 'kafkajs';
import { PARTITIONS_PER_TOPIC, TOPICS } from '../platform.ts';

const brokers = (process.env['KAFKA_BROKERS'] ?? 'kafka:9092').split(',');
const kafka = new kafkajs.Kafka({
  clientId: 'kafka-init',
  brokers,
  logLevel: kafkajs.logLevel.NOTHING,
  connectionTimeout: 1_000,
  retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 100 },
});
const admin = kafka.admin();

async function createTopics(): Promise<void> {
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: false,
    topics: TOPICS.map((topic) => ({ topic, numPartitions: PARTITIONS_PER_TOPIC, replicationFactor: 1 })),
  });
  process.stdout.write(`Topics: ${(await admin.listTopics()).join(', ')}\n`);
  await admin.disconnect();
}

createTopics().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
