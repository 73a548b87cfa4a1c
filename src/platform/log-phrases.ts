import type { LogKind } from './log-line.ts';
import { type ParsedText, withoutClass } from './parse-log-text.ts';

interface Phrase {
  readonly pattern: RegExp;
  readonly kind: LogKind;
}

/**
 * What the workers and services say, each at the beginning of the message. What follows the phrase, if the pattern does not name
 * it, may be the text of an error.
 */
const WORKER_PHRASES: readonly Phrase[] = [
  { pattern: /^Starting [a-z-]+(?: [a-z-]+)* worker\b/i, kind: 'starting' },
  { pattern: /^Consumer has joined the group\b/, kind: 'joined' },
  { pattern: /^Received [A-Z_]+ event\b/, kind: 'received' },
  { pattern: /^Processing [A-Z_]+ event\b/, kind: 'processing' },
  { pattern: /^Failed to process [A-Z_]+\b(?: event\b)?/, kind: 'attempt-failed' },
  { pattern: /^Operation failed, retrying\b/, kind: 'attempt-failed' },
  { pattern: /^Operation succeeded after retry\b/, kind: 'retried-ok' },
  { pattern: /^Purchase created successfully\b/, kind: 'purchase-created' },
  { pattern: /^[A-Z_]+ event emitted\b/, kind: 'event-emitted' },
  { pattern: /^Allocation verified in database\b/, kind: 'allocation-verified' },
  { pattern: /^Sessions created successfully\b/, kind: 'sessions-created' },
  { pattern: /^Event already processed, skipping\b/, kind: 'skipped-processed' },
  { pattern: /^RECOVERY: Event marked as processed but \w+ missing\b/, kind: 'recovery' },
  { pattern: /^Topping up sessions\b/, kind: 'topping-up' },
  { pattern: /^All retries exhausted, sending to DLQ\b/, kind: 'sent-to-dlq' },
  { pattern: /^Message sent to DLQ\b/, kind: 'sent-to-dlq' },
  { pattern: /^Failed to (?:emit|publish|send) [A-Z_]+ event\b/, kind: 'send-failed' },
  { pattern: /^Calling admin-service allocation API\b/, kind: 'calling-admin' },
  {
    pattern: /^Auto Assignment: .*(?:\bno (?:available )?trainers?\b|\bat capacity\b|\bno GPS\b)/i,
    kind: 'auto-assignment-no-trainer',
  },
  { pattern: /^Auto Assignment: (?:[a-z]+ ){0,3}created\b/i, kind: 'auto-assignment-created' },
  { pattern: /^Auto Assignment:/, kind: 'auto-assignment-other' },
  { pattern: /^API Error:/, kind: 'api-error' },
  { pattern: /^ON CONFLICT constraint not found\b/, kind: 'on-conflict-unmatched' },
  { pattern: /^Redis connection failed\b/, kind: 'redis-failed' },
  { pattern: /^Unexpected error on idle client\b/, kind: 'database-connection' },
  { pattern: /^Fatal error\b:?/, kind: 'fatal' },
  { pattern: /^(?:uncaughtException|unhandledRejection)\b:?/i, kind: 'fatal' },
];

/** What kafkajs says, with its namespace. */
const KAFKAJS_PHRASES: readonly (Phrase & { readonly tag: string })[] = [
  { tag: 'ConsumerGroup', pattern: /^Consumer has joined the group\b/, kind: 'joined' },
  { tag: 'Consumer', pattern: /^Crash: KafkaJSNonRetriableError: ?/, kind: 'consumer-crash-final' },
  { tag: 'Consumer', pattern: /^Crash: /, kind: 'consumer-crash' },
  { tag: 'Consumer', pattern: /^Stopped\b/, kind: 'consumer-stopped' },
  { tag: 'Consumer', pattern: /^Restarting the consumer in\b/, kind: 'consumer-restarting' },
  { tag: 'Runner', pattern: /^Error when calling each(?:Message|Batch)\b/, kind: 'attempt-failed' },
  { tag: 'Runner', pattern: /^The group is rebalancing\b/, kind: 'rebalancing' },
  { tag: 'Runner', pattern: /^The coordinator is not aware of this member\b/, kind: 'rebalancing' },
  { tag: 'ConsumerGroup', pattern: /^Offset out of range\b/, kind: 'offset-out-of-range' },
  { tag: 'BrokerPool', pattern: /^Failed to connect to (?:seed )?broker\b[^:]*:? ?/, kind: 'error' },
  { tag: 'Producer', pattern: /^Failed to send messages: ?/, kind: 'send-failed' },
];

/** Errors' own texts, at their beginning. The texts of Postgres, Node, axios, kafkajs's protocol errors and the workers. */
const ERROR_PHRASES: readonly Phrase[] = [
  { pattern: /^column "[^"]+"(?: of relation "[^"]+")? does not exist/, kind: 'undefined-column' },
  { pattern: /^column [\w.]+ does not exist/, kind: 'undefined-column' },
  { pattern: /^relation "[^"]+" does not exist/, kind: 'undefined-column' },
  { pattern: /^there is no unique or exclusion constraint matching/, kind: 'on-conflict-unmatched' },
  { pattern: /^current transaction is aborted/, kind: 'on-conflict-unmatched' },
  { pattern: /^invalid input syntax for type uuid\b/, kind: 'uuid-syntax' },
  { pattern: /^Allocation service returned allocation without trainerId/, kind: 'no-trainer-id' },
  { pattern: /^Allocation (?:\S+ )?not found in database after API call/, kind: 'allocation-not-found' },
  { pattern: /^Allocation API failed with status \d{3}\b/, kind: 'api-error' },
  { pattern: /^Request failed with status code \d{3}\b/, kind: 'api-error' },
  { pattern: /^Redis connection failed\b/, kind: 'redis-failed' },
  { pattern: /^This server does not host this topic-partition/, kind: 'topic-not-hosted' },
  { pattern: /^The group coordinator is not available/, kind: 'coordinator-not-available' },
  { pattern: /^The requested offset is not within the range/, kind: 'offset-out-of-range' },
  { pattern: /^Connection terminated\b/, kind: 'database-connection' },
  { pattern: /^terminating connection\b/, kind: 'database-connection' },
  { pattern: /^timeout exceeded when trying to connect/, kind: 'database-connection' },
  {
    pattern: /^(?:password|SASL|no pg_hba\.conf entry).*(?:authentication|pg_hba)/,
    kind: 'database-connection',
  },
  { pattern: /^SASL: SCRAM/, kind: 'database-connection' },
  { pattern: /^(?:sorry, )?too many (?:clients|connections)\b/, kind: 'database-connection' },
  { pattern: /^remaining connection slots are reserved/, kind: 'database-connection' },
  { pattern: /^the database system is /, kind: 'database-connection' },
  // The ports of Postgres and Redis; of other addresses a worker does not say what they belong to.
  { pattern: /^(?:connect|read) E[A-Z]+ \S+:5432$/, kind: 'database-connection' },
  { pattern: /^(?:connect|read) E[A-Z]+ \S+:6379$/, kind: 'redis-failed' },
  {
    pattern: /^(?:Connection error: )?(?:connect ECONNREFUSED|read ECONNRESET|write EPIPE)\b/,
    kind: 'connection-refused',
  },
  {
    pattern: /^(?:Connection error: )?getaddrinfo (?:ENOTFOUND|EAI_AGAIN)\b/,
    kind: 'connection-unresolvable',
  },
  {
    pattern: /^(?:Connection error: )?(?:connect|read) (?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b/,
    kind: 'connection-timeout',
  },
  { pattern: /^Connection timeout\b/, kind: 'connection-timeout' },
  { pattern: /^Request \S+ timed out\b/, kind: 'connection-timeout' },
  { pattern: /^timeout of \d+ms exceeded/, kind: 'connection-timeout' },
  { pattern: /^The operation was aborted due to timeout/, kind: 'connection-timeout' },
];

/** SQLSTATEs and Node codes. Classes of two signs: 08 connection, 28 login, 53 resources, 57 shutdown. */
const ERROR_CODES: readonly Phrase[] = [
  { pattern: /^(?:42703|42P01)$/, kind: 'undefined-column' },
  { pattern: /^(?:42P10|25P02)$/, kind: 'on-conflict-unmatched' },
  { pattern: /^(?:08|28|53)[0-9A-Z]{3}$|^57P0[1-3]$/, kind: 'database-connection' },
];

/** Part of every rebalance and said by others as well: worth nothing on their own. */
const REBALANCE_ECHO =
  /^(?:The group is rebalancing|The coordinator is not aware|Specified group generation)/;

/**
 * What a line says: what happened, and where an error's text tells it, why. "Failed to process X" because of an undefined column is
 * both. Never empty; the first is what happened.
 */
export function kindsOf(parsed: ParsedText): readonly [LogKind, ...LogKind[]] {
  if (parsed.format === 'bare') return bareKinds(parsed);
  if (parsed.logger === 'kafkajs') return kafkajsKinds(parsed);
  const { tag, message } = parsed;
  if (tag !== null && /^Started\b/.test(message)) return ['starting'];
  const phrase = WORKER_PHRASES.find(({ pattern }) => pattern.test(message));
  if (phrase === undefined) {
    return [
      errorKind(message, null) ?? causeOf(parsed, '') ?? (parsed.level === 'error' ? 'error' : 'other'),
    ];
  }
  const rest = message.replace(phrase.pattern, '');
  if (phrase.kind === 'purchase-created') {
    return /^ \(fallback method\)/.test(rest) ? [phrase.kind, 'fallback-method'] : [phrase.kind];
  }
  return both(phrase.kind, CAN_HAVE_CAUSE.has(phrase.kind) ? causeOf(parsed, rest) : null);
}

const CAN_HAVE_CAUSE: ReadonlySet<LogKind> = new Set([
  'attempt-failed',
  'sent-to-dlq',
  'send-failed',
  'fatal',
]);

function kafkajsKinds(parsed: ParsedText): readonly [LogKind, ...LogKind[]] {
  const { tag, message, level } = parsed;
  const phrase = KAFKAJS_PHRASES.find((known) => known.tag === tag && known.pattern.test(message));
  const rest = phrase === undefined ? message : message.replace(phrase.pattern, '');
  // The crash line repeats why a handler failed; that was said by the handler, and its class name decides what happens next.
  if (phrase?.kind.startsWith('consumer-')) return [phrase.kind];
  const cause = causeOf(parsed, rest);
  if (phrase !== undefined && phrase.kind !== 'error') return both(phrase.kind, cause);
  if (cause !== null) return [cause];
  if (REBALANCE_ECHO.test(parsed.error)) return ['other'];
  return [level === 'error' ? 'error' : 'other'];
}

/** Of lines without any logger only an uncaught error is believed. */
function bareKinds(parsed: ParsedText): readonly [LogKind, ...LogKind[]] {
  if (parsed.level !== 'error') return ['other'];
  return both('error', causeOf(parsed, parsed.message));
}

function both(kind: LogKind, cause: LogKind | null): readonly [LogKind, ...LogKind[]] {
  if (cause === null || cause === kind) return [kind];
  return kind === 'error' ? [cause] : [kind, cause];
}

/** The reason in the error's field, else in what the message says after its phrase. */
function causeOf({ error, errorCode }: ParsedText, rest: string): LogKind | null {
  return errorKind(error, errorCode) ?? errorKind(withoutClass(rest.replace(/^[\s:–-]+/, '')), null);
}

function errorKind(text: string, code: string | null): LogKind | null {
  const known =
    ERROR_PHRASES.find(({ pattern }) => pattern.test(text)) ??
    ERROR_CODES.find(({ pattern }) => code !== null && pattern.test(code));
  return known?.kind ?? null;
}
