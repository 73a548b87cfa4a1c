import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/repair/execute.ts';
import type { Plan, Step } from '../../src/repair/plan.ts';
import type { PhaseRecord, RunRecord } from '../../src/repair/runs.ts';
import { humanHistory, humanRepair } from '../../src/report/human-run.ts';
import type { Presentation, RepairResult } from '../../src/report/result.ts';

const VIEW: Presentation = { colour: false, unicode: true, width: 76, timeZone: 'UTC', verbose: false };
const NAME = 'kodingcaravan-allocation-worker';

const START: Step = {
  number: 1,
  repair: 'start-worker',
  stage: 'allocation',
  title: `start container ${NAME}`,
  action: { kind: 'start-container', containerId: 'c1', name: NAME, service: 'allocation-worker' },
  before: 'exited (0)',
  after: 'running',
  whySafe: 'every partition has a committed offset inside its log',
  reversibility: 'compensating',
  risk: 'disruptive',
  precondition: { kind: 'none' },
  byHand: `docker start ${NAME}`,
};
const WAIT: Step = {
  ...START,
  number: 2,
  title: 'wait until allocation-worker has joined',
  action: { kind: 'wait-member', group: 'trainer-allocation-workers', withinMs: 60_000 },
  reversibility: 'reads-only',
};
const PLAN: Plan = {
  schemaVersion: 1,
  id: '7f3a0000',
  fingerprint: '7f3a0000ff',
  platform: 'kodingcaravan',
  identity: {
    composeProject: null,
    dockerDaemonId: null,
    kafkaClusterId: null,
    databaseSystemId: null,
    databaseOid: null,
    databaseName: null,
  },
  steps: [START, WAIT],
  payments: [],
  previews: [],
  refusals: [],
  warnings: [],
  confirm: null,
};
const PHASE: PhaseRecord = {
  phase: 1,
  isUndo: false,
  plan: PLAN,
  openedAtMs: Date.UTC(2026, 0, 7, 20, 41),
  by: 'yes',
  reason: 'ticket 7',
  steps: new Map([[1, { status: 'done', atMs: 0, data: { text: `${NAME} is running` } }]]),
};
const RUN: RunResult = {
  run: 'ab12',
  outcome: 'undone',
  phases: [PHASE],
  reasons: [`${NAME} is restarting (exit code 1)`],
  stays: [],
  examined: null,
};
const RESULT: RepairResult = {
  tool: { name: 'kc-doctor', version: '0.0.0' },
  command: 'fix',
  plan: null,
  run: RUN,
  headline: 'run ab12: failed and taken back (exit 12)',
  exitCode: 12,
  after: null,
};

describe('what a run came to', () => {
  it('is told step by step, the sentence that matters last', () => {
    expect(humanRepair(RESULT, VIEW)).toBe(`  plan 7f3a0000
    ✓ 1  start container kodingcaravan-allocation-worker (done:
      kodingcaravan-allocation-worker is running)
    · 2  wait until allocation-worker has joined (not begun)

  ✗ kodingcaravan-allocation-worker is restarting (exit code 1)

  next  kc-doctor fix

run ab12: failed and taken back (exit 12)
`);
  });

  it('lets no control character of the outside through, and colours only what it says itself', () => {
    const hostile = { ...RESULT, run: { ...RUN, reasons: ['gone \u001b[2J wild'] } };
    const text = humanRepair(hostile, { ...VIEW, colour: true });
    expect(text).not.toContain('\u001b[2J');
    expect(text).not.toContain('\\u{1b}[3');
    expect(text).toContain('\u001b[31m✗\u001b[39m gone');
  });

  it('stays in ASCII and in the width where the terminal has no more', () => {
    const text = humanRepair(RESULT, { ...VIEW, unicode: false, width: 50 });
    expect(/^[\n\x20-\x7e]*$/.test(text)).toBe(true);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(50);
  });
});

describe('the history', () => {
  const record: RunRecord = {
    run: 'ab12',
    operator: 'alice',
    phases: [PHASE],
    end: null,
    lastSequence: 2,
    lastAtMs: Date.UTC(2026, 0, 7, 20, 42),
  };

  it('names who, what, why and how it ended', () => {
    const ended: RunRecord = { ...record, end: { kind: 'verified', atMs: 0, text: '' } };
    expect(humanHistory([ended], { ...VIEW, width: 200 }, false)).toBe(
      'ab12  2026-01-07 20:41 UTC  alice  start-worker@allocation (ticket 7)  verified\n',
    );
  });

  it('says what to type for a run that was left', () => {
    const text = humanHistory([record], { ...VIEW, width: 300 }, false);
    expect(text).toContain(
      'left at 2026-01-07 20:42 UTC: kc-doctor fix --resume ab12, or kc-doctor undo ab12',
    );
  });

  it('shows the steps where they are asked for', () => {
    expect(humanHistory([record], VIEW, true)).toContain('✓ 1  start container');
  });

  it('says so where no run is there', () => {
    expect(humanHistory([], VIEW, false)).toBe('no run is in the journal\n');
  });
});
