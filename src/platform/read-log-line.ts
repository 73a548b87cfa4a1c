import type { LogKind, LogLine } from './log-line.ts';
import { kindsOf } from './log-phrases.ts';
import {
  beginsMeta,
  type Fields,
  metaFields,
  type ParsedText,
  parseLogText,
  withFields,
} from './parse-log-text.ts';

/** As the container runtime hands it over: secrets already masked. */
export interface RawLine {
  readonly atMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

const MESSAGE_CHARACTERS = 400;
/** A `Meta:` block that is longer than this is not joined: its end was cut off or is not coming. */
const META_LINES = 200;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** Ids by which a line without correlation id can still be given to its payment. */
const ID_FIELDS = ['paymentId', 'purchaseId', 'allocationId', 'studentId', 'courseId'] as const;

/**
 * Reads the lines of one log, oldest first. Joins the `Meta:` lines of a development log to the line that they belong to, and gives
 * two entries where a line says two things: that an attempt failed, and why.
 */
export function readLogLines(raws: readonly RawLine[]): readonly LogLine[] {
  const lines: LogLine[] = [];
  for (let at = 0; at < raws.length; at++) {
    const raw = raws[at];
    if (raw === undefined || raw.text.trim() === '') continue;
    const meta = metaAfter(raws, at);
    const parsed = parsedWith(raw, meta?.fields ?? metaFields(raw.text));
    lines.push(...kindsOf(parsed).map((kind) => lineOf(raw, parsed, kind)));
    at += meta?.lines ?? 0;
  }
  return lines.toSorted((a, b) => a.atMs - b.atMs);
}

/**
 * One line by itself: what happened, without the reason that `readLogLines` adds. Null: nothing is in it.
 * @internal exported for its tests
 */
export function readLogLine(raw: RawLine): LogLine | null {
  if (raw.text.trim() === '') return null;
  const parsed = parsedWith(raw, metaFields(raw.text));
  return lineOf(raw, parsed, kindsOf(parsed)[0]);
}

function parsedWith(raw: RawLine, meta: Fields | null): ParsedText {
  const parsed = parseLogText(raw);
  return meta === null ? parsed : withFields(parsed, meta);
}

/** Kinds that no rule reads. */
const NOISE: ReadonlySet<LogKind> = new Set(['other', 'coordinator-not-available']);

/** Whether a log keeps the line: it is of a known kind, or it names one of the ids that are looked at (lower case). */
export function keepLine(line: LogLine, targetIds: ReadonlySet<string>): boolean {
  if (!NOISE.has(line.kind)) return true;
  const named = [line.correlationId, line.eventId, ...(line.message.match(UUID) ?? [])];
  return named.some((id) => id !== null && targetIds.has(id.toLowerCase()));
}

/** The block directly below, on the same stream; a text line of a development log alone has one. */
function metaAfter(
  raws: readonly RawLine[],
  at: number,
): { readonly fields: Fields; readonly lines: number } | null {
  const stream = raws[at]?.stream;
  let text = '';
  for (let next = at + 1; next <= at + META_LINES; next++) {
    const raw = raws[next];
    if (raw === undefined || raw.stream !== stream) return null;
    if (text === '' && !beginsMeta(raw.text)) return null;
    text += `${raw.text}\n`;
    const fields = metaFields(text);
    if (fields !== null) return { fields, lines: next - at };
  }
  return null;
}

function lineOf(raw: RawLine, parsed: ParsedText, kind: LogKind): LogLine {
  const { fields, level, logger } = parsed;
  const isWorker = logger === 'worker';
  const message = messageOf(parsed);
  return {
    atMs: ownTime(raw, parsed),
    stream: raw.stream,
    kind,
    level,
    logger,
    message,
    eventType: eventTypeOf(parsed),
    correlationId: isWorker ? textField(fields, 'correlationId') : null,
    eventId: isWorker ? textField(fields, 'eventId') : null,
    topic: textField(fields, 'topic'),
    partition: wholeNumber(fields['partition']),
    offset: offsetOf(fields['offset']),
    status: statusOf(parsed),
  };
}

/** Docker stamps the two streams as it reads them, so that under load lines of one instant change their order. */
const STAMP_DELAY_MS = 5_000;

/**
 * kafkajs writes its own time with milliseconds and a zone, on stdout and stderr alike: where that agrees with Docker's stamp it
 * keeps a crash before its stop. Workers' times have neither and are not used.
 */
function ownTime({ atMs }: RawLine, { fields, logger }: ParsedText): number {
  if (logger !== 'kafkajs') return atMs;
  const own = Date.parse(textField(fields, 'timestamp') ?? '');
  return Math.abs(own - atMs) <= STAMP_DELAY_MS ? own : atMs;
}

function messageOf({ tag, message, error, fields, logger }: ParsedText): string {
  const text = `${tag === null ? '' : `[${tag}] `}${message}`;
  const said = error === '' || text.includes(error) ? text : `${text}: ${error}`;
  const names = logger === 'kafkajs' ? (['groupId'] as const) : fields['correlationId'] ? [] : ID_FIELDS;
  const ids = names.flatMap((name) => {
    const id = textField(fields, name);
    return id === null || said.includes(id) || !/^[\w.-]+$/.test(id) ? [] : [`${name} ${id}`];
  });
  const suffix = ids.length === 0 ? '' : ` (${ids.join(', ')})`;
  return `${said.slice(0, Math.max(0, MESSAGE_CHARACTERS - suffix.length))}${suffix}`;
}

/** Named in the phrase; else in the field that a worker gives. */
function eventTypeOf({ message, fields, logger }: ParsedText): string | null {
  if (logger === 'kafkajs') return null;
  const named =
    /^(?:Received|Processing|Failed to process|Failed to (?:emit|publish|send)|Emitting) ([A-Z_]{3,})\b/.exec(
      message,
    ) ?? /^([A-Z_]{3,}) event (?:already )?emitted\b/.exec(message);
  return named?.[1] ?? textField(fields, 'eventType');
}

function statusOf({ message, error, fields }: ParsedText): number | null {
  const given = wholeNumber(fields['statusCode']) ?? wholeNumber(fields['status']);
  const text =
    /^API Error:.*?\b([1-5]\d\d)$/.exec(message) ??
    /^(?:Allocation API failed with status|Request failed with status code) ([1-5]\d\d)\b/.exec(
      error || message,
    );
  const status = given ?? (text === null ? null : Number(text[1]));
  return status !== null && status >= 100 && status <= 599 ? status : null;
}

function textField(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function wholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null;
}

/** A string in kafkajs and in the workers; int64 at most. */
function offsetOf(value: unknown): bigint | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d{1,19}$/.test(text) ? BigInt(text) : null;
}
