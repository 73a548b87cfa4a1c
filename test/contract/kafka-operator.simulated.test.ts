import { SimulatedKafkaCluster } from '../support/simulated-kafka-cluster.ts';
import { simulatedKafkaHarness } from '../support/simulated-kafka-harness.ts';
import { kafkaOperatorContract } from './kafka-operator.contract.ts';

kafkaOperatorContract('simulated Kafka operator', async () => {
  const cluster = new SimulatedKafkaCluster();
  return {
    open: () => cluster.reader(),
    openOperator: () => cluster.operator(),
    openLosing: async (method, when) => {
      cluster.loseAnswer(method, when);
      return { ...cluster.operator(), [Symbol.asyncDispose]: async () => cluster.heal(method) };
    },
    ...simulatedKafkaHarness(cluster),
  };
});
