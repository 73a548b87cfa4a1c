import { openKafka } from '../../src/adapters/kafka/open-kafka.ts';
import { realKafkaHarness } from '../support/kafka-harness.ts';
import { describeLive } from '../support/live.ts';
import { missingKafka, startRealKafka } from '../support/real-kafka.ts';
import { kafkaClusterContract } from './kafka-cluster.contract.ts';

/** The platform's trap: the broker advertises a name that the host cannot resolve. */
const ADVERTISED_HOST = 'kafka.invalid';

describeLive('Kafka on a real broker', missingKafka(), () => {
  kafkaClusterContract('kafkajs cluster', async () => {
    const real = await startRealKafka({ advertisedHost: ADVERTISED_HOST });
    return {
      open: () =>
        openKafka({
          brokers: [real.bootstrap],
          tls: false,
          sasl: null,
          addressMap: { [real.advertised]: real.bootstrap },
          secrets: [],
        }),
      ...(await realKafkaHarness(real)),
    };
  });
});
