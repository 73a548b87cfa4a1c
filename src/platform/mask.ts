import { maskKnown } from './known-secrets.ts';
import { endOfHeader, endOfWord, maskValues } from './mask-values.ts';

/** Placeholder that stands where a secret stood, in every output. */
export const MASK = '•••';

/**
 * Takes secrets out of a text from outside: the known ones (plain, URL-encoded, JSON-escaped, base64) and what has a secret's
 * shape (credentials in URLs, password=…, Authorization headers, values of secret-named keys, keys of known services).
 * Masking a masked text changes nothing.
 */
export function maskSecrets(text: string, known: readonly string[]): string {
  const withoutKnown = maskKnown(text, known, MASK);
  return MAY_HOLD_SHAPE.test(withoutKnown) ? maskShapes(withoutKnown) : withoutKnown;
}

/** An address without its password, for people: user, host and path stay. */
export function maskUrl(text: string): string {
  return maskSecrets(text, []);
}

/** Customers' data in free text: mail addresses, phone numbers, and values of keys that name a person. Ids stay. */
export function maskPersonal(text: string): string {
  return maskValues(text, PERSONAL_KEY, MASK, endOfWord)
    .replace(MAIL_ADDRESS, MASK)
    .replace(PHONE_NUMBER, MASK);
}

/** Most log lines hold none of these, and the patterns below are not run on them. */
const MAY_HOLD_SHAPE =
  /:\/\/|passw|passphrase|pwd|pass=|secret|token|key|credential|auth|cookie|bearer|basic|eyJ|AKIA|ASIA|_live_|_test_|whsec_|gh[pousr]_|xox|AIza/i;

const SECRET_NAME =
  '(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?)(?!\\w{0,40}(?:Error|Exception|From)\\b)[\\w.-]{0,40}';

const NAMED = new RegExp(String.raw`${SECRET_NAME}\\*["']?\]?\s{0,8}(?:=>|[=:])\s{0,8}`, 'gi');
const HEADER = /\b(?:proxy-)?(?:authorization|(?:set-)?cookie)\\*["']?\s{0,8}[:=]\s{0,8}/gi;
/** `PASSWORD 'x'` in SQL. */
const SQL_PASSWORD = /\bpassword\s{1,8}(?=')/gi;
/** `--password x` in a command line; `pass=x`, which as a word alone means something else. */
const FLAG = new RegExp(String.raw`(?:--?${SECRET_NAME}\s{1,8}|\bpass=)(?!-)`, 'gi');
/** A word such as "Basic authentication" has neither digit nor capital nor padding. */
const SCHEME_VALUE = /\b(Bearer|Basic)(\s{1,8})(?=[\w.~+/-]*[\dA-Z=.+/])[\w.~+/-]{8,}={0,2}/g;
/** Password up to the next `@`; it may hold anything but white space, quotes and slashes. */
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@"'<>]{0,100}):[^\s/@"'<>]{0,300}@/gi;
/** In addresses of stores there is no `@` behind the host, so an unencoded password is taken up to the last one. */
const STORE_CREDENTIALS =
  /\b((?:postgres(?:ql)?|rediss?|mongodb(?:\+srv)?|amqps?|mysql|kafka):\/\/[^\s:/@"'<>]{0,100}):[^\s"'<>]{0,300}@(?=[\w[.-])/gi;
const URL_TOKEN = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[\w.~-]{16,300}@/gi;
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g;
/** JSON web tokens; access keys of AWS; keys of payment services, GitHub, Slack and Google. */
const SERVICE_KEY =
  /(?<![\w-])(?:eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|(?:AKIA|ASIA)[0-9A-Z]{16}\b|(?:sk|rk|pk|rzp)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,})/g;

function maskShapes(text: string): string {
  let masked = text
    .replace(PRIVATE_KEY, MASK)
    .replace(STORE_CREDENTIALS, `$1:${MASK}@`)
    .replace(URL_CREDENTIALS, `$1:${MASK}@`)
    .replace(URL_TOKEN, `$1${MASK}@`);
  masked = maskValues(masked, HEADER, MASK, endOfHeader);
  masked = maskValues(masked, NAMED, MASK, endOfWord);
  masked = maskValues(masked, SQL_PASSWORD, MASK, endOfWord);
  masked = maskValues(masked, FLAG, MASK, endOfWord);
  return masked.replace(SCHEME_VALUE, `$1$2${MASK}`).replace(SERVICE_KEY, MASK);
}

const PERSONAL_KEY =
  /\b(?:(?:first|last|full|display|student|parent|customer|user|trainer|guardian)[_ ]?)?(?:name|e?mail|phone|mobile|address|latitude|longitude|lat|lng)(?:[_ ]?(?:number|address|no))?\\*["']\s{0,8}:\s{0,8}/gi;
const MAIL_ADDRESS = /(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,}/gi;
/** International form, or an Indian mobile number; neither a uuid's digits nor epoch milliseconds. */
const PHONE_NUMBER = /(?<![\w-])(?:\+\d{1,3}[ -]?\d(?:[ -]?\d){7,11}|[6-9]\d{4}[ -]?\d{5})(?![\w-])/g;
