import type { Thresholds } from '../../platform/settings.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

export const clocksAgree: Check = {
  id: 'events/clocks-agree',
  title: 'Clocks agree',
  required: false,
  after: [],
  needs: ['settings', 'clocks'],
  explain:
    'Compares the clocks of this host and of the database, and looks for records from the future. Ages, graces and the order of rows and records rest on these clocks; a start date can move by a day. Repair the time synchronisation of the host that is off.',
  examine: (state) => {
    const { clocks, settings } = state;
    if (clocks.kind === 'unseen') return { status: 'unknown', gap: clocks.gap };
    const { databaseAheadMs, newestRecordAheadMs } = clocks.value;
    const { thresholds } = settings;
    const database = databaseAheadMs ?? 0;
    const findings = [
      ...skewed(thresholds, 'database', Math.abs(database), database < 0 ? 'behind' : 'ahead of'),
      ...skewed(thresholds, 'newest record', newestRecordAheadMs ?? 0, 'ahead of'),
    ];
    const gaps =
      databaseAheadMs === null
        ? [
            {
              system: 'postgres' as const,
              operation: "the database's clock",
              code: 'not-attempted' as const,
              reason: 'it was not read',
              hint: 'check POSTGRES_URL',
            },
          ]
        : [];
    return outcomeOf({ pass: 'host, database and records agree', findings, gaps });
  },
};

function skewed(thresholds: Thresholds, name: string, apartMs: number, how: string): readonly Finding[] {
  if (apartMs < thresholds.skewWarnMs) return [];
  const observed = `${spanOf(apartMs)} ${how} this host`;
  return [
    {
      severity: apartMs >= thresholds.skewFailMs ? 'fail' : 'warn',
      subject: { kind: 'system', name },
      stage: null,
      observed,
      expected: `less than ${spanOf(thresholds.skewWarnMs)} apart`,
      summary: `${name}: ${observed}`,
      hint: 'repair time synchronisation: timedatectl status, chronyc tracking',
      payments: [],
    },
  ];
}

function spanOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
