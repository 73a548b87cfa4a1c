import type { RawLogLine } from '../../ports/container-runtime.ts';

export interface CollectedLog {
  /** Oldest first, both streams merged by time. */
  readonly lines: readonly RawLogLine[];
  /** Entries as the daemon counts them for `tail`: a line of more than 16 KiB is several. */
  readonly entries: number;
  readonly bytes: number;
  /** The oldest lines were dropped to stay below the limit. */
  readonly isCut: boolean;
}

interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly atMs: number;
  /** Of a line that Docker split, else empty. */
  readonly parts: Buffer[];
  text: string;
  sizeBytes: number;
}

/** Docker's frames: stream number (0 stdin, 1 stdout, 2 stderr), three zero bytes, length in four bytes, then so much text. */
const HEADER_BYTES = 8;
const STDERR = 2;
/** Docker's copier splits longer lines; each part is an entry with a timestamp of its own. */
const ENTRY_BYTES = 16 * 1024;
const NEWLINE = 0x0a;
/** Dropped lines that are kept in the list before it is shortened, so that dropping stays cheap. */
const COMPACT_AT = 4096;
const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /;
const TIMESTAMP_BYTES = 40;

/** Takes a log apart as it streams in, and keeps its newest `maxBytes`. */
export class LogCollector {
  readonly #isTty: boolean;
  readonly #maxBytes: number;
  /** Line that the last part of each stream has left open. */
  readonly #open: { stdout: Piece | null; stderr: Piece | null } = { stdout: null, stderr: null };
  #pieces: Piece[] = [];
  #oldest = 0;
  #pending: Buffer = Buffer.alloc(0);
  #bytes = 0;
  #keptBytes = 0;
  #entries = 0;
  #isCut = false;
  #lastMs = 0;

  constructor(isTty: boolean, maxBytes: number) {
    this.#isTty = isTty;
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const data = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = data.subarray(this.#isTty ? this.#takeLines(data) : this.#takeFrames(data));
  }

  finish(): CollectedLog {
    if (this.#isTty && this.#pending.length > 0) this.#entry('stdout', this.#pending);
    const lines = this.#pieces
      .slice(this.#oldest)
      .map(({ stream, atMs, parts, text }) => {
        const joined = parts.length === 0 ? text : withoutEnd(Buffer.concat(parts).toString('utf8'));
        return { atMs, stream, text: joined };
      })
      // Stable: what the daemon received in one millisecond stays in its order.
      .sort((a, b) => a.atMs - b.atMs);
    return { lines, entries: this.#entries, bytes: this.#bytes, isCut: this.#isCut };
  }

  #takeFrames(data: Buffer): number {
    let at = 0;
    while (at + HEADER_BYTES <= data.length) {
      const end = at + HEADER_BYTES + data.readUInt32BE(at + 4);
      if (end > data.length) break;
      const stream = data[at] === STDERR ? 'stderr' : 'stdout';
      this.#entry(stream, data.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    return at;
  }

  /** A terminal has one stream and no frames. */
  #takeLines(data: Buffer): number {
    let at = 0;
    for (let end = data.indexOf(NEWLINE, at); end >= 0; end = data.indexOf(NEWLINE, at)) {
      const line = data.subarray(at, end + 1);
      this.#entry('stdout', line);
      this.#entries += Math.floor(line.length / ENTRY_BYTES);
      at = end + 1;
    }
    return at;
  }

  #entry(stream: 'stdout' | 'stderr', data: Buffer): void {
    this.#entries++;
    const head = TIMESTAMP.exec(data.toString('latin1', 0, TIMESTAMP_BYTES));
    const text = data.subarray(head?.[0].length ?? 0);
    // A part without a time of its own continues what came last.
    if (head?.[1] !== undefined) this.#lastMs = Date.parse(head[1]);
    const isComplete = text.at(-1) === NEWLINE;
    const open = this.#open[stream];
    const piece = open ?? { stream, atMs: this.#lastMs, parts: [], text: '', sizeBytes: 0 };
    if (open === null) this.#pieces.push(piece);
    if (isComplete && piece.parts.length === 0) {
      piece.text = withoutEnd(text.toString('utf8'));
    } else {
      // Parts may be cut inside a character. Copied, so that they do not hold the whole chunk in memory.
      piece.parts.push(Buffer.from(text));
    }
    piece.sizeBytes += text.length;
    this.#open[stream] = isComplete ? null : piece;
    this.#keptBytes += text.length;
    this.#dropOldest();
  }

  #dropOldest(): void {
    while (this.#keptBytes > this.#maxBytes && this.#oldest < this.#pieces.length - 1) {
      const piece = this.#pieces[this.#oldest];
      this.#keptBytes -= piece?.sizeBytes ?? 0;
      if (piece !== undefined && this.#open[piece.stream] === piece) this.#open[piece.stream] = null;
      this.#oldest++;
      this.#isCut = true;
    }
    if (this.#oldest > COMPACT_AT && this.#oldest > this.#pieces.length / 2) {
      this.#pieces = this.#pieces.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}

function withoutEnd(text: string): string {
  if (!text.endsWith('\n')) return text;
  return text.slice(0, text.endsWith('\r\n') ? -2 : -1);
}
