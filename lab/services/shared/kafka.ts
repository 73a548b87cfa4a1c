import { Kafka, Partitioners, type Producer, type RetryOptions } from 'kafkajs';
import { type EventEnvelope, type EventType, recordOf, TOPIC_OF } from './events.ts';

export function openKafka(service: string, brokers: readonly string[], retry: RetryOptions = {}): Kafka {
  return new Kafka({ clientId: service, brokers: [...brokers], retry });
}

export function openProducer(kafka: Kafka): Producer {
  return kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
}

export type Publish = <Type extends EventType>(event: EventEnvelope<Type>) => Promise<void>;

/** What has no topic yet is told to nobody. */
export function publisher(producer: Producer, source: string, topics?: readonly string[]): Publish {
  return async (event) => {
    if (topics?.includes(TOPIC_OF[event.eventType]) === false) return;
    await producer.send({ topic: TOPIC_OF[event.eventType], messages: [recordOf(event, source)] });
  };
}
