import { describe, expect, it } from 'vitest';
import { toDependencyError } from '../../../src/adapters/kafka/errors.ts';
import { ProtocolFailure } from '../../../src/adapters/kafka/protocol.ts';
import { DependencyError } from '../../../src/errors.ts';

const context = {
  operation: 'topic purchase-confirmed',
  address: '127.0.0.1:9092',
  secrets: ['s3cr3t-word'],
  log: ['ERROR Connection refused s3cr3t-word'],
};

function kafkajsError(name: string, message: string, fields: Readonly<Record<string, unknown>> = {}): Error {
  return Object.assign(new Error(message), { name, ...fields });
}

function wrapped(cause: Error): Error {
  return kafkajsError('KafkaJSNonRetriableError', 'outer', {
    cause: kafkajsError('KafkaJSNumberOfRetriesExceeded', 'middle', { cause }),
  });
}

describe('toDependencyError', () => {
  const connection = (code?: string): Error =>
    kafkajsError('KafkaJSConnectionError', 'Connection error', { broker: '127.0.0.1:9092', code });
  it.each([
    [connection('ECONNREFUSED'), 'KC_KAFKA_REFUSED', 'refused'],
    [connection('ENOTFOUND'), 'KC_KAFKA_UNRESOLVABLE', 'unresolvable'],
    [connection('EAI_AGAIN'), 'KC_KAFKA_UNRESOLVABLE', 'unresolvable'],
    [connection('EHOSTUNREACH'), 'KC_KAFKA_UNREACHABLE', 'timeout'],
    [connection('ECONNRESET'), 'KC_KAFKA_CLOSED', 'protocol'],
    [connection('CERT_HAS_EXPIRED'), 'KC_KAFKA_TLS', 'protocol'],
    [connection('DEPTH_ZERO_SELF_SIGNED_CERT'), 'KC_KAFKA_TLS', 'protocol'],
    [connection(), 'KC_KAFKA_TIMEOUT', 'timeout'],
    [kafkajsError('KafkaJSRequestTimeoutError', 'Request timed out'), 'KC_KAFKA_TIMEOUT', 'timeout'],
    [new Error('Broker not connected'), 'KC_KAFKA_TIMEOUT', 'timeout'],
    [kafkajsError('KafkaJSSASLAuthenticationError', 'no'), 'KC_KAFKA_LOGIN', 'unauthenticated'],
    [kafkajsError('KafkaJSConnectionClosedError', 'Closed connection'), 'KC_KAFKA_CLOSED', 'protocol'],
    [new ProtocolFailure('TOPIC_AUTHORIZATION_FAILED'), 'KC_KAFKA_TOPIC_RIGHT', 'unauthorized'],
    [new ProtocolFailure('GROUP_AUTHORIZATION_FAILED'), 'KC_KAFKA_GROUP_RIGHT', 'unauthorized'],
    [new ProtocolFailure('CLUSTER_AUTHORIZATION_FAILED'), 'KC_KAFKA_CLUSTER_RIGHT', 'unauthorized'],
    [new ProtocolFailure('ERROR_9999'), 'KC_KAFKA_PROTOCOL', 'protocol'],
    [new TypeError('undefined is not a function'), 'KC_KAFKA_PROTOCOL', 'protocol'],
  ])('follows %s to its root: %s', (root, code, gapCode) => {
    for (const error of [root, wrapped(root)]) {
      expect(toDependencyError(error, context)).toMatchObject({ code, gapCode, system: 'kafka' });
    }
  });

  it('names what was asked and where, and keeps the last lines of the client without their secrets', () => {
    const error = toDependencyError(wrapped(connection('ECONNREFUSED')), context);
    expect(error.message).toBe(
      'Kafka at 127.0.0.1:9092 refused the connection, asked for topic purchase-confirmed',
    );
    expect(error.operation).toBe('topic purchase-confirmed');
    expect(error.details.join()).toContain('ERROR Connection refused');
    expect(error.details.join()).not.toContain('s3cr3t-word');
  });

  it('leaves an error alone that already says what happened', () => {
    const error = toDependencyError(new ProtocolFailure('LEADER_NOT_AVAILABLE'), context);
    expect(toDependencyError(error, { ...context, operation: 'other' })).toBe(error);
    expect(error).toBeInstanceOf(DependencyError);
  });
});
