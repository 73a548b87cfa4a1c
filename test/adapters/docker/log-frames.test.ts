import { describe, expect, it } from 'vitest';
import { LogCollector } from '../../../src/adapters/docker/log-frames.ts';

const time = (second: number, nanos = '000000000') => `2026-01-07T20:22:0${second}.${nanos}Z`;
const at = (second: number, ms = 0) => Date.parse('2026-01-07T20:22:00Z') + second * 1000 + ms;

function frame(stream: 1 | 2, text: string | Buffer): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function collect(chunks: readonly Buffer[], isTty = false, maxBytes = 1e6) {
  const collector = new LogCollector(isTty, maxBytes);
  for (const chunk of chunks) collector.push(chunk);
  return collector.finish();
}

describe('framed streams', () => {
  const frames = Buffer.concat([
    frame(1, `${time(1)} out one\n`),
    frame(2, `${time(3)} err ü\n`),
    frame(1, `${time(2)} out two\r\n`),
    frame(1, `${time(3)} \n`),
  ]);
  const expected = [
    { atMs: at(1), stream: 'stdout', text: 'out one' },
    { atMs: at(2), stream: 'stdout', text: 'out two' },
    { atMs: at(3), stream: 'stderr', text: 'err ü' },
    { atMs: at(3), stream: 'stdout', text: '' },
  ];

  it('are merged by time', () => {
    expect(collect([frames])).toEqual({ lines: expected, entries: 4, bytes: frames.length, isCut: false });
  });

  it('may arrive cut anywhere', () => {
    const bytes = Array.from(frames, (byte) => Buffer.from([byte]));
    expect(collect(bytes).lines).toEqual(expected);
  });

  it('join a line that Docker split, each stream for itself, even inside a character', () => {
    const letter = Buffer.from('ü');
    const parts = [
      frame(1, Buffer.concat([Buffer.from(`${time(1)} long `), letter.subarray(0, 1)])),
      frame(2, `${time(1)} between\n`),
      frame(1, Buffer.concat([Buffer.from(`${time(2)} `), letter.subarray(1), Buffer.from(' end\n')])),
    ];
    const { lines, entries } = collect(parts);
    expect(lines.map(({ text }) => text)).toEqual(['long ü end', 'between']);
    expect(entries).toBe(3);
  });

  it('keep a last line that has no end yet', () => {
    expect(collect([frame(1, `${time(1)} half`)]).lines).toEqual([
      { atMs: at(1), stream: 'stdout', text: 'half' },
    ]);
  });

  it('keep the newest lines within the limit, and say so', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => frame(1, `${time(1)} line ${index}\n`));
    const { lines, isCut, entries } = collect(many, false, 39);
    expect(lines.map(({ text }) => text)).toEqual(['line 9997', 'line 9998', 'line 9999']);
    expect([isCut, entries]).toEqual([true, 10_000]);
  });
});

it('reads a terminal, which has one stream and no frames', () => {
  const { lines, entries } = collect(
    [Buffer.from(`${time(1)} one\r\n${time(2, '500000000')} t`), Buffer.from('wo')],
    true,
  );
  expect(lines).toEqual([
    { atMs: at(1), stream: 'stdout', text: 'one' },
    { atMs: at(2, 500), stream: 'stdout', text: 'two' },
  ]);
  expect(entries).toBe(2);
});

it('reads an empty log', () => {
  expect(collect([])).toEqual({ lines: [], entries: 0, bytes: 0, isCut: false });
});
