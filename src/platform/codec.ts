/**
 * Plain data with bigints to JSON text and back, without a schema. A bigint is written as its decimal digits and an `n`, as in
 * JavaScript: offset 41 is "41n". A string that already looks like that gets one backslash in front, which reading takes off.
 */
const LOOKS_TAGGED = /^\\*-?\d+n$/;
const BIGINT = /^-?\d+n$/;

export function encode(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    return typeof part === 'string' && LOOKS_TAGGED.test(part) ? `\\${part}` : part;
  });
}

/** The same in ASCII alone: it fits into a database or file of any encoding, and no character in it ends a line. */
export function encodeAscii(value: unknown): string {
  return encode(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Throws SyntaxError where the text is not JSON. */
export function decode(text: string): unknown {
  return JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== 'string' || !LOOKS_TAGGED.test(part)) return part;
    return BIGINT.test(part) ? BigInt(part.slice(0, -1)) : part.slice(1);
  });
}
