import { describe, expect, it } from 'vitest';
import { startDateObstacle } from '../../src/repair/start-date.ts';

const NOON = Date.UTC(2026, 0, 7, 12);

describe('a start date', () => {
  it.each([null, '2026-01-07', '2026-01-08', '2028-02-29', '2100-03-01'])('%s may be given back', (date) => {
    expect(startDateObstacle(date, NOON)).toBeNull();
  });

  it.each(['2026-01-06', '2025-12-31', '1999-02-28'])('%s is past', (date) => {
    expect(startDateObstacle(date, NOON)?.reason).toContain('past');
  });

  it.each(['25/11/2026', '2026-02-30', '2100-02-29', '2026-13-01', '2026-00-10', 'soon', ''])(
    '%s is no date',
    (date) => {
      expect(startDateObstacle(date, NOON)?.reason).toContain('no date');
    },
  );

  it('counts days as the calendar does', () => {
    for (let day = 0; day < 4_000; day += 1) {
      const at = Date.UTC(2023, 0, 1) + day * 86_400_000;
      const date = new Date(at).toISOString().slice(0, 10);
      expect([
        startDateObstacle(date, at),
        startDateObstacle(date, at + 86_400_000)?.reason.endsWith('past'),
      ]).toEqual([null, true]);
    }
  });
});
