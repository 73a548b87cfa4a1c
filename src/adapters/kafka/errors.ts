import { DependencyError } from '../../errors.ts';
import { maskSecrets } from '../../platform/mask.ts';
import type { GapCode } from '../../platform/observed.ts';
import { addressText, seedAddress } from './address.ts';
import { UnsupportedCodec } from './record-batch.ts';

interface Meaning {
  readonly code: string;
  readonly gapCode: GapCode;
  readonly retryable: boolean;
  /** Clause after "Kafka at <address>": what it did. */
  readonly says: string;
  readonly hint: string;
}

const REFUSED: Meaning = {
  code: 'KC_KAFKA_REFUSED',
  gapCode: 'refused',
  retryable: true,
  says: 'refused the connection',
  hint: 'see that the broker runs and that kafka.brokers names its published port',
};
const UNRESOLVABLE: Meaning = {
  code: 'KC_KAFKA_UNRESOLVABLE',
  gapCode: 'unresolvable',
  retryable: false,
  says: 'has a name that this machine cannot resolve',
  hint: 'give an address that this machine can dial: kafka.brokers, or kafka.addressMap for a name that the broker advertises',
};
const UNREACHABLE: Meaning = {
  code: 'KC_KAFKA_UNREACHABLE',
  gapCode: 'timeout',
  retryable: true,
  says: 'cannot be reached over the network',
  hint: 'see the route and the firewall between this machine and the broker',
};
const TIMEOUT: Meaning = {
  code: 'KC_KAFKA_TIMEOUT',
  gapCode: 'timeout',
  retryable: true,
  says: 'did not answer in time',
  hint: 'see whether the broker hangs, and whether the port is Kafka and speaks TLS or plain text as kafka.tls says',
};
const CLOSED: Meaning = {
  code: 'KC_KAFKA_CLOSED',
  gapCode: 'protocol',
  retryable: true,
  says: 'closed the connection',
  hint: 'the listener may want TLS or a login: see kafka.tls and kafka.sasl, then the log of the broker',
};
const TLS: Meaning = {
  code: 'KC_KAFKA_TLS',
  gapCode: 'protocol',
  retryable: false,
  says: 'has a certificate that is not accepted',
  hint: 'set kafka.tls.ca to the authority that signed it, or kafka.tls.servername to the name that it carries',
};
const LOGIN: Meaning = {
  code: 'KC_KAFKA_LOGIN',
  gapCode: 'unauthenticated',
  retryable: false,
  says: 'refused the login',
  hint: 'see the mechanism, user and password of kafka.sasl',
};
const TOPIC_RIGHT: Meaning = {
  code: 'KC_KAFKA_TOPIC_RIGHT',
  gapCode: 'unauthorized',
  retryable: false,
  says: 'does not let this login see the topic',
  hint: 'grant DESCRIBE and READ on the topic: kc-doctor config --grants',
};
const GROUP_RIGHT: Meaning = {
  code: 'KC_KAFKA_GROUP_RIGHT',
  gapCode: 'unauthorized',
  retryable: false,
  says: 'does not let this login see the consumer group',
  hint: 'grant DESCRIBE on the group: kc-doctor config --grants',
};
const CLUSTER_RIGHT: Meaning = {
  code: 'KC_KAFKA_CLUSTER_RIGHT',
  gapCode: 'unauthorized',
  retryable: false,
  says: 'does not let this login see the cluster',
  hint: 'grant DESCRIBE on the cluster: kc-doctor config --grants',
};
const TOPIC_ABSENT: Meaning = {
  code: 'KC_KAFKA_TOPIC_ABSENT',
  gapCode: 'other',
  retryable: false,
  says: 'has no such topic or partition',
  hint: 'see the topic names under `expected` in the configuration',
};
const NO_LEADER: Meaning = {
  code: 'KC_KAFKA_NO_LEADER',
  gapCode: 'other',
  retryable: true,
  says: 'has no leader for the partition',
  hint: 'start the broker that holds it, or wait for the election',
};
const NO_COORDINATOR: Meaning = {
  code: 'KC_KAFKA_NO_COORDINATOR',
  gapCode: 'other',
  retryable: true,
  says: 'has no coordinator for the group at the moment',
  hint: 'try again; if it lasts, see the partitions of __consumer_offsets',
};
const OUT_OF_RANGE: Meaning = {
  code: 'KC_KAFKA_OUT_OF_RANGE',
  gapCode: 'incomplete',
  retryable: true,
  says: 'no longer holds the offset that was asked for',
  hint: 'retention removed records while they were read: try again',
};
const CODEC: Meaning = {
  code: 'KC_KAFKA_CODEC',
  gapCode: 'other',
  retryable: false,
  says: 'holds records with a compression that kc-doctor does not support',
  hint: 'kc-doctor reads uncompressed and gzip records; see compression.type of the topic and its producers',
};
const STOPPED: Meaning = {
  code: 'KC_KAFKA_STOPPED',
  gapCode: 'no-time',
  retryable: false,
  says: 'was still answering when the time ran out',
  hint: 'give more time with --timeout',
};
const PROTOCOL: Meaning = {
  code: 'KC_KAFKA_PROTOCOL',
  gapCode: 'protocol',
  retryable: false,
  says: 'gave an answer that could not be used',
  hint: 'see the log of the broker',
};

/** `type` of a kafkajs protocol error, or of our own ProtocolFailure. */
const BY_TYPE: Readonly<Record<string, Meaning>> = {
  TOPIC_AUTHORIZATION_FAILED: TOPIC_RIGHT,
  GROUP_AUTHORIZATION_FAILED: GROUP_RIGHT,
  CLUSTER_AUTHORIZATION_FAILED: CLUSTER_RIGHT,
  SASL_AUTHENTICATION_FAILED: LOGIN,
  UNSUPPORTED_SASL_MECHANISM: LOGIN,
  ILLEGAL_SASL_STATE: LOGIN,
  UNKNOWN_TOPIC_OR_PARTITION: TOPIC_ABSENT,
  LEADER_NOT_AVAILABLE: NO_LEADER,
  NOT_LEADER_FOR_PARTITION: NO_LEADER,
  LISTENER_NOT_FOUND: NO_LEADER,
  GROUP_LOAD_IN_PROGRESS: NO_COORDINATOR,
  GROUP_COORDINATOR_NOT_AVAILABLE: NO_COORDINATOR,
  NOT_COORDINATOR_FOR_GROUP: NO_COORDINATOR,
  OFFSET_OUT_OF_RANGE: OUT_OF_RANGE,
  UNSUPPORTED_COMPRESSION_TYPE: CODEC,
  REQUEST_TIMED_OUT: TIMEOUT,
};

/** `code` of a Node error, which kafkajs passes on. */
const BY_NODE_CODE: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: REFUSED,
  ENOTFOUND: UNRESOLVABLE,
  EAI_AGAIN: UNRESOLVABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  // A TLS hello to a listener that speaks plain text.
  EPROTO: CLOSED,
  ERR_SSL_WRONG_VERSION_NUMBER: CLOSED,
};

/** `name` of a kafkajs error that has neither. */
const BY_NAME: Readonly<Record<string, Meaning>> = {
  KafkaJSSASLAuthenticationError: LOGIN,
  KafkaJSRequestTimeoutError: TIMEOUT,
  KafkaJSLockTimeout: TIMEOUT,
  KafkaJSTimeout: TIMEOUT,
  KafkaJSConnectionClosedError: CLOSED,
  KafkaJSNotImplemented: CODEC,
  UnsupportedCodec: CODEC,
  KafkaJSGroupCoordinatorNotFound: NO_COORDINATOR,
  // Connected sockets report a Node code; without one, it never came to a connection.
  KafkaJSConnectionError: TIMEOUT,
};

const CERTIFICATE = /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;

export interface FailureContext {
  /** What was asked, as a noun phrase. */
  readonly operation: string;
  /** Where: bootstrap address, or the broker's. */
  readonly address: string;
  readonly secrets: readonly string[];
  /** Last warnings and errors of the client. */
  readonly log: readonly string[];
}

export function toDependencyError(error: unknown, context: FailureContext): DependencyError {
  if (error instanceof DependencyError) return error;
  const root = rootOf(error);
  const meaning = meaningOf(root);
  const detail = root instanceof UnsupportedCodec ? ` (${root.codec})` : '';
  const mask = (text: string): string => maskSecrets(text, context.secrets);
  return new DependencyError(
    meaning.code,
    mask(`Kafka at ${placeOf(root, context)} ${meaning.says}${detail}, asked for ${context.operation}`),
    meaning.hint,
    {
      system: 'kafka',
      operation: context.operation,
      gapCode: meaning.gapCode,
      retryable: meaning.retryable,
      cause: error,
      details: [textOf(root), ...context.log].map(mask),
    },
  );
}

export function stoppedError(context: FailureContext, reason: unknown): DependencyError {
  return dependencyError(
    STOPPED,
    `Kafka at ${context.address} ${STOPPED.says}, asked for ${context.operation}`,
    context,
    reason,
  );
}

/** The broker said that it did not do it. */
export function writeRefusedError(type: string, right: string, context: FailureContext): DependencyError {
  const isRight = type.endsWith('_AUTHORIZATION_FAILED');
  const meaning: Meaning = {
    code: isRight ? 'KC_KAFKA_WRITE_RIGHT' : 'KC_KAFKA_WRITE_REFUSED',
    gapCode: isRight ? 'unauthorized' : 'other',
    retryable: false,
    says: isRight ? 'does not let this login write' : `refused to write (${type})`,
    hint: isRight
      ? `nothing was changed; grant ${right}: kc-doctor config --grants`
      : 'nothing was changed; see the log of the broker',
  };
  const message = `Kafka at ${context.address} ${meaning.says}, asked for ${context.operation}`;
  return dependencyError(meaning, message, context, undefined);
}

export function unroutableError(
  broker: string,
  context: FailureContext,
  isBootstrap: boolean,
): DependencyError {
  const message = isBootstrap
    ? `the bootstrap broker ${broker} has a name that this machine cannot resolve`
    : `Kafka at ${context.address} advertises ${broker}, a name that this machine cannot resolve`;
  const meaning = {
    ...UNRESOLVABLE,
    code: 'KC_KAFKA_ADVERTISED',
    hint: `say where to dial it instead: kafka.addressMap {"${broker}": "host:port"} in the file given by --config`,
  };
  return dependencyError(meaning, message, context, undefined);
}

function dependencyError(
  meaning: Meaning,
  message: string,
  context: FailureContext,
  cause: unknown,
): DependencyError {
  const mask = (text: string): string => maskSecrets(text, context.secrets);
  return new DependencyError(meaning.code, mask(message), mask(meaning.hint), {
    system: 'kafka',
    operation: context.operation,
    gapCode: meaning.gapCode,
    retryable: meaning.retryable,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The broker that failed, where it is not the one that we were given. */
function placeOf(root: unknown, { address }: FailureContext): string {
  const broker = textField(root, 'broker');
  if (broker === null) return address;
  const portAt = broker.lastIndexOf(':');
  const place = addressText(seedAddress(broker.slice(0, portAt), Number(broker.slice(portAt + 1))));
  return address.split(',').includes(place) ? address : `${place}, which ${address} advertises,`;
}

/** kafkajs wraps: the outer KafkaJSNumberOfRetriesExceeded has neither type nor code. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error && root.cause !== root) root = root.cause;
  return root;
}

export function typeOf(error: unknown): string | null {
  return textField(rootOf(error), 'type');
}

function meaningOf(root: unknown): Meaning {
  const type = textField(root, 'type');
  if (type !== null) return BY_TYPE[type] ?? PROTOCOL;
  const code = textField(root, 'code');
  if (code !== null) return BY_NODE_CODE[code] ?? (CERTIFICATE.test(code) ? TLS : PROTOCOL);
  // A broker that accepts and never answers: kafkajs believes it is connected, and then has no list of its requests.
  if (root instanceof Error && root.message === 'Broker not connected') return TIMEOUT;
  return (root instanceof Error ? BY_NAME[root.name] : undefined) ?? PROTOCOL;
}

function textField(value: unknown, field: 'type' | 'code' | 'broker'): string | null {
  if (!(value instanceof Error) || !(field in value)) return null;
  const found = (value as unknown as Readonly<Record<string, unknown>>)[field];
  return typeof found === 'string' ? found : null;
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
