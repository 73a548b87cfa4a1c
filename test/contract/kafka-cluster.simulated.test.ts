import { SimulatedKafkaCluster } from '../support/simulated-kafka-cluster.ts';
import { simulatedKafkaHarness } from '../support/simulated-kafka-harness.ts';
import { kafkaClusterContract } from './kafka-cluster.contract.ts';

kafkaClusterContract('simulated Kafka cluster', async () => {
  const cluster = new SimulatedKafkaCluster();
  return { open: () => cluster.reader(), ...simulatedKafkaHarness(cluster) };
});
