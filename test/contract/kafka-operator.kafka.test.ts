import { openKafka } from '../../src/adapters/kafka/open-kafka.ts';
import { openKafkaOperator } from '../../src/adapters/kafka/open-kafka-operator.ts';
import type { KafkaOptions } from '../../src/adapters/kafka/options.ts';
import { cuttingProxy } from '../support/cutting-proxy.ts';
import type { Cut } from '../support/interruptions.ts';
import { realKafkaHarness } from '../support/kafka-harness.ts';
import { describeLive } from '../support/live.ts';
import { missingKafka, startRealKafka } from '../support/real-kafka.ts';
import type { AnswerLost, WriterMethod } from '../support/simulated-kafka-cluster.ts';
import { kafkaOperatorContract } from './kafka-operator.contract.ts';

/** Api keys of the protocol, written here once more: the product's own table is what is tested. */
const API_KEY: Readonly<Record<WriterMethod, number>> = { produce: 0, commitOffsets: 8, createTopic: 19 };
const CUT: Readonly<Record<AnswerLost, Cut>> = {
  'before-effect': 'before-server',
  'after-effect': 'before-answer',
};

describeLive('Kafka operator on a real broker', missingKafka(), () => {
  kafkaOperatorContract('kafkajs operator', async () => {
    const real = await startRealKafka({ advertisedHost: 'kafka.invalid' });
    const options = (address: string): KafkaOptions => ({
      brokers: [address],
      tls: false,
      sasl: null,
      addressMap: { [real.advertised]: address },
      secrets: [],
    });
    return {
      open: () => openKafka(options(real.bootstrap)),
      openOperator: () => openKafkaOperator(options(real.bootstrap)),
      openLosing: async (method, when) => {
        const proxy = await cuttingProxy(real.bootstrap);
        const operator = openKafkaOperator(options(proxy.address));
        void proxy.requests.cut(API_KEY[method], CUT[when]);
        return {
          ...operator,
          [Symbol.asyncDispose]: async () => {
            await operator[Symbol.asyncDispose]();
            await proxy[Symbol.asyncDispose]();
          },
        };
      },
      ...(await realKafkaHarness(real)),
    };
  });
});
