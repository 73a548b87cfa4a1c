import { knownSecretPattern } from './known-secrets.ts';

/** Placeholder that stands where a secret stood, in every output. */
export const MASK = '•••';

/**
 * Takes secrets out of a text from outside: the known ones (plain, URL-encoded, JSON-escaped, base64) and what has a secret's
 * shape (credentials in URLs, password=…, Authorization headers, values of secret-named keys, keys of known services).
 * Masking a masked text changes nothing.
 */
export function maskSecrets(text: string, known: readonly string[]): string {
  const pattern = knownSecretPattern(known);
  const withoutKnown = pattern === null ? text : text.replace(pattern, MASK);
  return MAY_HOLD_SHAPE.test(withoutKnown) ? maskShapes(withoutKnown) : withoutKnown;
}

/** An address without its password, for people: user, host and path stay. */
export function maskUrl(text: string): string {
  return maskSecrets(text, []);
}

/** Customers' data in free text: mail addresses, phone numbers, and values of keys that name a person. Ids stay. */
export function maskPersonal(text: string): string {
  return text
    .replace(PERSONAL_KEY, (_, name: string, separator: string) => `${name}${separator}${MASK}`)
    .replace(MAIL_ADDRESS, MASK)
    .replace(PHONE_NUMBER, MASK);
}

/** Most log lines hold none of these, and the patterns below are not run on them. */
const MAY_HOLD_SHAPE =
  /:\/\/|passw|passphrase|pwd|pass=|secret|token|key|credential|auth|cookie|bearer|basic|eyJ|AKIA|ASIA|_live_|_test_|whsec_|gh[pousr]_|xox|AIza/i;

const SECRET_NAME =
  '(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?)(?!\\w*(?:Error|Exception)\\b)[\\w.-]{0,40}';

/**
 * A quoted value ends at the same quote behind the same number of backslashes, so that JSON inside JSON is met at every depth;
 * a value whose end was cut off is masked to the end.
 */
const QUOTED = String.raw`(\\*["'])(?:(?!(?<!\\)\OPEN)[\s\S])*(?:(?<!\\)\OPEN|$)`;
/** An unquoted value ends at white space, `&`, a quote, a closing bracket at the end of a word, or a comma before the next key. */
const UNQUOTED = String.raw`(?![{[])(?:(?![,;]\s*["']?[\w.]+["']?\s*[=:])(?![})\]]+(?:[\s,;.]|$))[^\s&"'<>])+`;
const HARMLESS = String.raw`(?!(?:null|undefined|true|false|none|NaN)\b)`;

const quoted = (group: number) => QUOTED.replaceAll('OPEN', String(group));

/** Groups: name with separator, opening quote. */
const NAMED_VALUE = new RegExp(
  String.raw`(${SECRET_NAME}\\*["']?\]?\s*(?:=>|[=:])\s*)${HARMLESS}(?:${quoted(2)}|\[[^\]]*\]|${UNQUOTED})`,
  'gi',
);
/** `PASSWORD 'x'` in SQL. */
const SQL_VALUE = new RegExp(String.raw`(\bpassword\s+)${quoted(2)}`, 'gi');
/** `--password x` in a command line; `pass=x`, which as a word alone means something else. */
const FLAG_VALUE = new RegExp(String.raw`(--?${SECRET_NAME}\s+|\bpass=)(?!-)[^\s"'&]+`, 'gi');
const HEADER_VALUE = new RegExp(
  String.raw`(\b(?:proxy-)?(?:authorization|(?:set-)?cookie)\\*["']?\s*[:=]\s*)${HARMLESS}(?:${quoted(2)}|(?:(?:bearer|basic|digest|token|negotiate)\s+)?[^\s"'\\]+(?:; ?[^\s"'\\]+)*)`,
  'gi',
);
/** A word such as "Basic authentication" has neither digit nor capital nor padding. */
const SCHEME_VALUE = /\b(Bearer|Basic)(\s+)(?=[\w.~+/-]*[\dA-Z=.+/])[\w.~+/-]{8,}={0,2}/g;
/** Password up to the next `@`; it may hold anything but white space, quotes and slashes. */
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"'<>]*):[^\s/@"'<>]*@/gi;
/** In addresses of stores there is no `@` behind the host, so an unencoded password is taken up to the last one. */
const STORE_CREDENTIALS =
  /\b((?:postgres(?:ql)?|rediss?|mongodb(?:\+srv)?|amqps?|mysql|kafka):\/\/[^\s:/@"'<>]*):[^\s"'<>]*@(?=[\w[.-])/gi;
const URL_TOKEN = /\b([a-z][a-z0-9+.-]*:\/\/)[\w.~-]{16,}@/gi;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
/** JSON web tokens; access keys of AWS; keys of payment services, GitHub, Slack and Google. */
const SERVICE_KEY =
  /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\b(?:sk|rk|pk|rzp)_(?:live|test)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9+/=]{8,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{30,}/g;

function maskShapes(text: string): string {
  const keepName = (_: string, name: string, quote: string | undefined) => `${name}${closed(quote)}`;
  return text
    .replace(PRIVATE_KEY, MASK)
    .replace(STORE_CREDENTIALS, `$1:${MASK}@`)
    .replace(URL_CREDENTIALS, `$1:${MASK}@`)
    .replace(URL_TOKEN, `$1${MASK}@`)
    .replace(HEADER_VALUE, keepName)
    .replace(NAMED_VALUE, keepName)
    .replace(SQL_VALUE, keepName)
    .replace(FLAG_VALUE, `$1${MASK}`)
    .replace(SCHEME_VALUE, `$1$2${MASK}`)
    .replace(SERVICE_KEY, MASK);
}

/** JSON stays JSON: a value that was quoted is quoted again. */
function closed(quote: string | undefined): string {
  return quote === undefined ? MASK : `${quote}${MASK}${quote}`;
}

const PERSONAL_KEY = new RegExp(
  String.raw`(\b(?:(?:first|last|full|display|student|parent|customer|user|trainer|guardian)[_ ]?)?(?:name|e?mail|phone|mobile|address|latitude|longitude|lat|lng)(?:[_ ]?(?:number|address|no))?\\*["'])(\s*:\s*)(?:${quoted(3)}|-?[\d.]+)`,
  'gi',
);
const MAIL_ADDRESS = /[\w.%+-]+@(?:[\w-]+\.)+[a-z]{2,}/gi;
/** International form, or an Indian mobile number; neither a uuid's digits nor epoch milliseconds. */
const PHONE_NUMBER = /(?<![\w-])(?:\+\d{1,3}[ -]?\d(?:[ -]?\d){7,11}|[6-9]\d{4}[ -]?\d{5})(?![\w-])/g;
