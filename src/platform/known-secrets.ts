/** Finds known secrets in the disguises in which they turn up in logs, errors and addresses. */

/**
 * One pattern for all disguises of all secrets, or null where there is nothing to look for. Built once per list: logs ask for
 * every line.
 */
export function knownSecretPattern(known: readonly string[]): RegExp | null {
  const cached = patterns.get(known);
  if (cached !== undefined) return cached;
  const alternatives = [...new Set(known)]
    .filter(isMaskable)
    .flatMap((secret) => disguises(secret).map((text) => ({ length: text.length, source: text })))
    .toSorted((a, b) => b.length - a.length)
    .map((alternative) => alternative.source);
  const pattern = alternatives.length === 0 ? null : new RegExp([...new Set(alternatives)].join('|'), 'g');
  patterns.set(known, pattern);
  return pattern;
}

const patterns = new WeakMap<readonly string[], RegExp | null>();

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
  const plain = unique([secret, ...urlEncoded(secret), ...jsonEscaped(secret)]).map((text) =>
    text.length < SHORTEST_ANYWHERE ? `(?<![\\w-])${escaped(text)}(?![\\w-])` : escaped(text),
  );
  return [...plain, ...base64Runs(secret)];
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
 * characters that depend on the secret alone, with the rest of the run around them.
 */
function base64Runs(secret: string): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const bytes = [...new Array<number>(shift).fill(0), ...new TextEncoder().encode(wellFormed(secret))];
    const whole = base64(bytes);
    const core = whole.slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
    if (core.length < SHORTEST_ANYWHERE) return [];
    const eitherAlphabet = [...core]
      .map((character) => ({ '+': '[+-]', '/': '[/_]' })[character] ?? character)
      .join('');
    return [`[A-Za-z0-9+/_-]*${eitherAlphabet}[A-Za-z0-9+/_-]*={0,2}`];
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
