/** Finds known secrets in the disguises in which they turn up in logs, errors and addresses. */

export function maskKnown(text: string, known: readonly string[], mask: string): string {
  const { plain, base64 } = patternsOf(known);
  const masked = plain === null ? text : text.replace(plain, mask);
  return base64 === null ? masked : maskRuns(masked, base64, mask);
}

interface Patterns {
  /** Length of the list that these were built from. */
  readonly count: number;
  /** Disguises that are replaced as they stand. */
  readonly plain: RegExp | null;
  /** Middles of base64 runs; the whole run is replaced. */
  readonly base64: RegExp | null;
}

const cache = new WeakMap<readonly string[], Patterns>();

/** Built once per list, since logs ask for every line; again where the list has grown, as it does while configuration is found. */
function patternsOf(known: readonly string[]): Patterns {
  const cached = cache.get(known);
  if (cached?.count === known.length) return cached;
  const secrets = [...new Set(known)].filter(isMaskable);
  const patterns = {
    count: known.length,
    plain: anyOf(secrets.flatMap(disguises)),
    base64: anyOf(secrets.flatMap(base64Cores)),
  };
  cache.set(known, patterns);
  return patterns;
}

/** Longest first, so that no shorter one leaves the rest of a longer one behind. */
function anyOf(sources: readonly string[]): RegExp | null {
  const longestFirst = [...new Set(sources)].toSorted((a, b) => b.length - a.length);
  return longestFirst.length === 0 ? null : new RegExp(longestFirst.join('|'), 'g');
}

const BASE64_CHARACTER = /[A-Za-z0-9+/_=-]/;

function maskRuns(text: string, core: RegExp, mask: string): string {
  let masked = '';
  let done = 0;
  for (const match of text.matchAll(core)) {
    if (match.index < done) continue;
    let start = match.index;
    let end = start + match[0].length;
    while (start > done && BASE64_CHARACTER.test(text[start - 1] ?? '')) start -= 1;
    while (end < text.length && BASE64_CHARACTER.test(text[end] ?? '')) end += 1;
    masked += text.slice(done, start) + mask;
    done = end;
  }
  return masked + text.slice(done);
}

/** Below this a secret would be found inside every other word. */
const SHORTEST = 4;
/** Shorter ones are masked only where they stand alone. */
const SHORTEST_ANYWHERE = 8;
/**
 * Passwords that people choose and that are also the platform's own words: masked everywhere they would make every line
 * unreadable while hiding nothing. They are still masked by their shape (`password=postgres`).
 */
const ORDINARY = new Set([
  'admin',
  'database',
  'development',
  'docker',
  'guest',
  'kafka',
  'kodingcaravan',
  'localhost',
  'password',
  'payment',
  'payments',
  'postgres',
  'postgresql',
  'production',
  'public',
  'purchase',
  'redis',
  'root',
  'secret',
  'test',
  'user',
]);

function isMaskable(secret: string): boolean {
  if (secret.length < SHORTEST || ORDINARY.has(secret.toLowerCase())) return false;
  // A short number is also an offset, a port or a count.
  return !/^\d+$/.test(secret) || secret.length >= SHORTEST_ANYWHERE;
}

function disguises(secret: string): readonly string[] {
  return unique([secret, ...urlEncoded(secret), ...jsonEscaped(secret)]).map((text) =>
    text.length < SHORTEST_ANYWHERE ? `(?<![\\w-])${escaped(text)}(?![\\w-])` : escaped(text),
  );
}

function urlEncoded(secret: string): readonly string[] {
  const component = encodeURIComponent(wellFormed(secret));
  const strict = component.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const lower = (text: string) => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const forms = [component, strict, component.replaceAll('%20', '+'), strict.replaceAll('%20', '+')];
  return [...forms, ...forms.map(lower), ...forms.map((form) => encodeURIComponent(form))];
}

/** Once and twice: a JSON line that quotes a JSON body. Some writers escape the slash as well. */
function jsonEscaped(secret: string): readonly string[] {
  const once = JSON.stringify(secret).slice(1, -1);
  const twice = JSON.stringify(once).slice(1, -1);
  return [once, twice, once.replaceAll('/', '\\/')];
}

/**
 * Base64 of a text that holds the secret somewhere, as in `Basic base64(user:password)`: for each of the three alignments the
 * characters that depend on the secret alone.
 */
function base64Cores(secret: string): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const bytes = [...new Array<number>(shift).fill(0), ...new TextEncoder().encode(wellFormed(secret))];
    const whole = base64(bytes);
    const core = whole.slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
    if (core.length < SHORTEST_ANYWHERE) return [];
    return [core.replaceAll('+', '[+-]').replaceAll('/', '[/_]')];
  });
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function base64(bytes: readonly number[]): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const [a = 0, b = 0, c = 0] = bytes.slice(index, index + 3);
    const group = a * 65_536 + b * 256 + c;
    for (const divisor of [262_144, 4_096, 64, 1]) text += ALPHABET[Math.floor(group / divisor) % 64] ?? '';
  }
  return text;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

/** Half of a surrogate pair has no encoding; encoders write the replacement character in its place. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}
