/**
 * Replaces what follows a name, as written in JSON at any depth, in assignments, headers and connection strings. Scanned and not
 * matched by one pattern, because a quoted value ends by counting backslashes and log lines may be long and hostile.
 */
export function maskValues(
  text: string,
  names: RegExp,
  mask: string,
  unquotedEnd: (text: string, from: number) => number,
): string {
  let masked = '';
  let done = 0;
  const search = new RegExp(names.source, names.flags);
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const from = match.index + match[0].length;
    const span = valueAt(text, from, unquotedEnd);
    if (span === null) continue;
    masked += `${text.slice(done, from)}${span.quote}${mask}${span.quote}`;
    done = span.end;
    search.lastIndex = span.end;
  }
  return masked + text.slice(done);
}

interface Span {
  readonly end: number;
  /** Put around the mask, so that JSON stays JSON. */
  readonly quote: string;
}

const HARMLESS = /(?:null|undefined|true|false|none|NaN)\b/iy;
const OPENING_QUOTE = /\\*["']/y;

function valueAt(
  text: string,
  from: number,
  unquotedEnd: (text: string, from: number) => number,
): Span | null {
  if (matchAt(HARMLESS, text, from) !== null) return null;
  const quote = matchAt(OPENING_QUOTE, text, from);
  if (quote !== null) return { end: quotedEnd(text, from + quote.length, quote), quote };
  if (text[from] === '{') return null;
  if (text[from] === '[') {
    const close = text.indexOf(']', from);
    return { end: close === -1 ? text.length : close + 1, quote: '' };
  }
  const end = unquotedEnd(text, from);
  return end === from ? null : { end, quote: '' };
}

/**
 * JSON inside JSON writes the quote of depth n behind k = 2^n − 1 backslashes. The same quote ends the value where it stands
 * behind k backslashes and any number of escaped ones; behind fewer, the text around it ends. A value that was cut off ends with
 * the text.
 */
function quotedEnd(text: string, from: number, opening: string): number {
  const depth = opening.length - 1;
  const quote = opening.slice(-1);
  let backslashes = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\') {
      backslashes += 1;
      continue;
    }
    if (character === quote) {
      if (backslashes < depth) return at - backslashes;
      if (backslashes % (2 * (depth + 1)) === depth) return at + 1;
    }
    backslashes = 0;
  }
  return text.length;
}

/**
 * Ends at white space, `&`, a quote, a bracket that closes at the end of a word, or a comma before the next key.
 */
const UNQUOTED =
  /(?:(?![,;]\s{0,8}["']?[\w.]{1,60}["']?\s{0,8}[=:])(?![})\]]+(?:[\s,;.]|$))(?!\\+["'])[^\s&"'<>])*/y;

export function endOfWord(text: string, from: number): number {
  return from + (matchAt(UNQUOTED, text, from)?.length ?? 0);
}

/** An optional scheme and one word; cookies go on over "; ". */
const HEADER =
  /(?:(?:bearer|basic|digest|token|negotiate)\s{1,8})?(?:(?!\\+["'])[^\s"'])*(?:(?<=;) (?:(?!\\+["'])[^\s"'])*)*/iy;

export function endOfHeader(text: string, from: number): number {
  return from + (matchAt(HEADER, text, from)?.length ?? 0);
}

function matchAt(sticky: RegExp, text: string, from: number): string | null {
  sticky.lastIndex = from;
  return sticky.exec(text)?.[0] ?? null;
}
