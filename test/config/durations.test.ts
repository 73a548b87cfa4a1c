import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration, parseSince } from '../../src/config/durations.ts';
import { NOW_MS } from './memory-files.ts';

describe('a duration', () => {
  it('is read in the usual units', () => {
    expect(['90s', '36h', '7d', '1h30m', '250ms', '1.5 h', '2W'].map(parseDuration)).toEqual([
      90_000, 129_600_000, 604_800_000, 5_400_000, 250, 5_400_000, 1_209_600_000,
    ]);
  });

  it('is nothing else', () => {
    expect(['', '7', 'd', '7 days', '-1h', '1h foo', 'Infinityd'].map(parseDuration)).toEqual(
      Array(7).fill(null),
    );
  });

  it('of whole seconds below a day is shown as it is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_599 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});

describe('--since', () => {
  it('takes a time with or without a zone, UTC being meant', () => {
    expect(parseSince('2026-01-07T20:00', NOW_MS)).toEqual({ windowMs: 41 * 60_000 });
    expect(parseSince('2026-01-07T20:00+05:30', NOW_MS)).toEqual({ windowMs: 371 * 60_000 });
    expect(parseSince('2026-01-07', NOW_MS)).toEqual({ windowMs: (20 * 60 + 41) * 60_000 });
  });

  it('refuses the future, an empty time and a day that does not exist', () => {
    for (const text of ['2026-01-08', '0s', '2026-02-45', 'last week']) {
      expect(parseSince(text, NOW_MS)).toHaveProperty('problem');
    }
  });
});
