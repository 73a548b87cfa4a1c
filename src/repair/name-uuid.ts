/** Name-based uuids (RFC 9562, version 5): the same payment and event type always give the same event id. */

/** The RFC's namespace for URLs. */
const NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';

export function nameUuid(name: string): string {
  const namespace = (NAMESPACE.match(/[0-9a-f]{2}/g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const hash = sha1(Uint8Array.from([...namespace, ...new TextEncoder().encode(name)]));
  const bytes = hash
    .slice(0, 16)
    .map((byte, at) => (at === 6 ? (byte & 0x0f) | 0x50 : at === 8 ? (byte & 0x3f) | 0x80 : byte));
  const text = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
    '-',
  );
}

/** FIPS 180-4. Here it only names things, and what plans is free of libraries. */
function sha1(message: Uint8Array): readonly number[] {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  let state: readonly number[] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let block = 0; block < padded.length; block += 64) state = absorb(state, view, block);
  return state.flatMap((word) => [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]);
}

function absorb(state: readonly number[], view: DataView, block: number): readonly number[] {
  const words = Array.from({ length: 16 }, (_, at) => view.getUint32(block + at * 4));
  const word = (at: number): number => words[at] ?? 0;
  for (let at = 16; at < 80; at += 1) {
    words.push(rotate(word(at - 3) ^ word(at - 8) ^ word(at - 14) ^ word(at - 16), 1));
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let at = 0; at < 80; at += 1) {
    const [mixed, constant] = round(at, b, c, d);
    const next = (rotate(a, 5) + mixed + e + constant + word(at)) >>> 0;
    [a, b, c, d, e] = [next, a, rotate(b, 30), c, d];
  }
  return [a, b, c, d, e].map((part, at) => (part + (state[at] ?? 0)) >>> 0);
}

function round(at: number, b: number, c: number, d: number): readonly [number, number] {
  if (at < 20) return [(b & c) | (~b & d), 0x5a827999];
  if (at < 40) return [b ^ c ^ d, 0x6ed9eba1];
  if (at < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdc];
  return [b ^ c ^ d, 0xca62c1d6];
}

const rotate = (word: number, by: number): number => ((word << by) | (word >>> (32 - by))) >>> 0;
