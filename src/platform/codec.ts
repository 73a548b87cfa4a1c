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

/** Throws SyntaxError where the text is not JSON. */
export function decode(text: string): unknown {
  return JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== 'string' || !LOOKS_TAGGED.test(part)) return part;
    return BIGINT.test(part) ? BigInt(part.slice(0, -1)) : part.slice(1);
  });
}
