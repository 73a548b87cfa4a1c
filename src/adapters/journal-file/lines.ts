import type { FileHandle } from 'node:fs/promises';

export interface Line {
  readonly text: string;
  /** Where the next one begins. */
  readonly endsAt: number;
  /** False for a last line without its line feed. */
  readonly isEnded: boolean;
}

const CHUNK_BYTES = 65_536;

/** From a place in the file to its end. Read as Latin-1, so that places are counted in bytes; what we write is ASCII. */
export async function* linesOf(file: FileHandle, from: number): AsyncGenerator<Line> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = '';
  let endsAt = from;
  for (let at = from; ; ) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const pieces = `${rest}${chunk.toString('latin1', 0, bytesRead)}`.split('\n');
    rest = pieces.pop() ?? '';
    for (const text of pieces) {
      endsAt += text.length + 1;
      yield { text, endsAt, isEnded: true };
    }
  }
  if (rest !== '') yield { text: rest, endsAt: endsAt + rest.length, isEnded: false };
}
