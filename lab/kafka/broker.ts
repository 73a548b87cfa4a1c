import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const ADVERTISED_HOST = 'kafka';
export const BROKER_PORT = 9092;
const CONTROLLER_PORT = 9093;

const JAVA_FLAGS = '-XX:TieredStopAtLevel=1 -Xshare:auto -Xms128m -Xmx256m';

/**
 * One KRaft node that advertises a name which only containers can resolve, as the platform's does. Small numbers
 * make it quick; retention is off because the lab writes records with old timestamps, and retention works on those.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.quorum.voters': `1@localhost:${CONTROLLER_PORT}`,
  'controller.listener.names': 'CONTROLLER',
  listeners: `PLAINTEXT://:${BROKER_PORT},CONTROLLER://localhost:${CONTROLLER_PORT}`,
  'advertised.listeners': `PLAINTEXT://${ADVERTISED_HOST}:${BROKER_PORT}`,
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'log.dirs': '/kafka/data',
  'offsets.topic.num.partitions': '5',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'default.replication.factor': '1',
  'log.retention.ms': '-1',
  // A killed broker is let in again only after its old session: 9 s by default.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'auto.create.topics.enable': 'false',
};

/** Writes the broker's configuration and returns the command of its container. */
export async function writeBrokerFiles(directory: string, clusterId: string): Promise<readonly string[]> {
  const home = join(directory, 'kafka');
  await mkdir(join(home, 'data'), { recursive: true });
  const properties = Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`);
  await writeFile(join(home, 'server.properties'), `${properties.join('\n')}\n`);
  const java = `java ${JAVA_FLAGS} -cp '/opt/kafka/*'`;
  const script = [
    'set -e',
    'if [ ! -f /kafka/data/meta.properties ]; then',
    `  ${java} kafka.tools.StorageTool format -t ${clusterId} -c /kafka/server.properties`,
    'fi',
    `exec ${java} kafka.Kafka /kafka/server.properties`,
  ].join('\n');
  return ['/bin/sh', '-c', script];
}
