/** What the text of one line holds, before anybody asks what it means. */
export interface ParsedText {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly logger: 'worker' | 'kafkajs';
  /** "PurchaseWorker" of "[PurchaseWorker] Started", "Consumer" of kafkajs's "[Consumer] Crash: …". */
  readonly tag: string | null;
  /** Without tag, and written once where the logger doubled it. */
  readonly message: string;
  /** Text of an error that a field carries, without its class name; empty where there is none. */
  readonly error: string;
  /** SQLSTATE or Node code of that error. */
  readonly errorCode: string | null;
  readonly fields: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * `json`: one object a line (production, and kafkajs everywhere). `text`: a line with time and level (development). `bare`:
 * neither, which includes what a customer's line break made of a line, so that no phrase is looked for in it.
 */
export type LogFormat = 'json' | 'text' | 'bare';

const META = /^Meta: ?/;
// Terminals' escape sequences begin with a control character.
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const TIME = String.raw`\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?`;
// Whole words in one case: "Error: …" is what Node prints of an uncaught error, and no level.
const LEVEL = '(error|warn|info|http|verbose|debug|silly|ERROR|WARN|INFO|HTTP|VERBOSE|DEBUG|SILLY)';
const NAME = String.raw`(?:\[[\w-]+\]\s*)?`;
/** `2026-01-07 20:22:04 [purchase-worker] info: text`, the name before or after the level or absent. */
const TIMED_LINE = new RegExp(String.raw`^${TIME}:?\s*${NAME}\[?${LEVEL}\]?:?\s*${NAME}:?\s+(\S.*)$`, 's');
/** `info: text`, where the colon is what makes the word a level. */
const UNTIMED_LINE = new RegExp(String.raw`^${NAME}\[?${LEVEL}\]?\s*${NAME}:\s+(\S.*)$`, 's');
const NODE_ERROR = /^(?:Uncaught )?(?:[A-Za-z]*Error|KafkaJS\w+)(?: \[\w+\])?: /;

export function parseLogText(raw: {
  readonly text: string;
  readonly stream: 'stdout' | 'stderr';
}): ParsedText {
  const text = raw.text.replace(COLOUR, '').trimEnd();
  const fields = text.startsWith('{') ? jsonObject(text) : null;
  if (fields !== null) return parseJson(fields);
  const [, level, message] = TIMED_LINE.exec(text) ?? UNTIMED_LINE.exec(text) ?? [];
  if (level !== undefined && message !== undefined) return parseMessage('text', levelOf(level), message, {});
  // Node prints an uncaught error to stderr: no logger, the class name first.
  const isTrace = raw.stream === 'stderr' && NODE_ERROR.test(text);
  return parseMessage('bare', isTrace ? 'error' : 'info', text, {});
}

/** Fields of a development log's `Meta:` line; null if the text is no such line or not all of it. */
export function metaFields(text: string): Fields | null {
  const plain = text.replace(COLOUR, '').trim();
  return META.test(plain) ? jsonObject(plain.replace(META, '')) : null;
}

export function beginsMeta(text: string): boolean {
  return META.test(text.replace(COLOUR, '').trimStart());
}

/** The line above with the fields of its `Meta:` line. */
export function withFields(parsed: ParsedText, fields: Fields): ParsedText {
  return { ...parsed, ...errorOf(fields), fields };
}

function parseJson(fields: Fields): ParsedText {
  const { level, logger, message, msg } = fields;
  const text = typeof message === 'string' ? message : typeof msg === 'string' ? msg : '';
  const parsed = parseMessage('json', levelOf(level), text, fields);
  return logger === 'kafkajs' ? { ...parsed, logger } : parsed;
}

function parseMessage(format: LogFormat, level: LogLevel, text: string, fields: Fields): ParsedText {
  const [, tag = null, rest = ''] = /^(?:\[([\w-]+)\]\s+)?(.*)$/s.exec(text) ?? [];
  return { format, level, logger: 'worker', tag, message: once(rest), ...errorOf(fields), fields };
}

/** "Processing X event Processing X event" */
function once(text: string): string {
  const half = (text.length - 1) / 2;
  const isDoubled =
    Number.isInteger(half) && text[half] === ' ' && text.slice(0, half) === text.slice(half + 1);
  return isDoubled ? text.slice(0, half) : text;
}

function errorOf(fields: Fields): { readonly error: string; readonly errorCode: string | null } {
  const { error, err, errorMessage, stack, code } = fields;
  const nested = [error, err].find((value): value is Fields => typeof value === 'object' && value !== null);
  const texts = [error, err, nested?.['message'], errorMessage, stack, nested?.['stack']];
  const text = texts.find((value) => typeof value === 'string' && value !== '');
  const codes = [nested?.['code'], code, nested?.['type']];
  return {
    error: typeof text === 'string' ? withoutClass(text) : '',
    errorCode: codes.find((value) => typeof value === 'string') ?? null,
  };
}

/** First line of an error's text, without the class names before it. */
export function withoutClass(text: string): string {
  const first = text.split('\n', 1)[0] ?? '';
  return first.replace(/^(?:Uncaught )?(?:(?:[A-Za-z]*[Ee]rror|KafkaJS\w+)(?: \[\w+\])?: )+/, '').trim();
}

function jsonObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    // Text that only looks like an object is text.
    return null;
  }
}

/** Names of winston and kafkajs, numbers of pino. */
function levelOf(level: unknown): LogLevel {
  if (typeof level === 'number')
    return level >= 50 ? 'error' : level >= 40 ? 'warn' : level >= 30 ? 'info' : 'debug';
  switch (typeof level === 'string' ? level.toLowerCase() : '') {
    case 'error':
    case 'fatal':
    case 'crit':
      return 'error';
    case 'warn':
    case 'warning':
      return 'warn';
    case 'debug':
    case 'verbose':
    case 'silly':
    case 'trace':
      return 'debug';
    default:
      return 'info';
  }
}
