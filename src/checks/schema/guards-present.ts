import type { Gap } from '../../platform/observed.ts';
import type { GuardIndex, PlatformState } from '../../platform/state.ts';
import { linesSinceStart, serviceContainer, workerLog } from '../../platform/workers.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { GUARDS, type Guard, workersUsing } from './guards.ts';

export const guardsPresent: Check = {
  id: 'schema/guards-present',
  title: 'The four unique guards are valid',
  required: true,
  after: ['schema/tables-present'],
  needs: ['schema', 'logs', 'containers', 'settings'],
  explain:
    'Workers may see a record twice and rely on four unique indexes to make its row once. The shipped migration often made none of them. A missing guard is a warning; it fails once duplicates are there or the error 42P10 ends an attempt of a worker. The warning "index missing" in a log proves nothing: the newest purchase-worker prints it with every index present, falls back and succeeds. kc-doctor fix create-missing-indexes shows the SQL.',
  examine(state) {
    const { schema } = state;
    if (schema.kind === 'unseen') return { status: 'unknown', gap: schema.gap };
    const findings: Finding[] = [];
    const gaps: Gap[] = [];
    for (const guard of GUARDS) {
      const index = schema.value.guards.find(({ name }) => name === guard.name);
      if (index === undefined) gaps.push(notRead(guard.name));
      if (index === undefined || index.state === 'valid') continue;
      const hurt = attemptsEnded(state, guard);
      const hasDuplicates = (index.duplicates ?? 0) > 0;
      if (!hasDuplicates && hurt.gap !== null && hurt.worker === null) gaps.push(hurt.gap);
      const observed = observedText(index, hurt.worker);
      findings.push({
        severity: hasDuplicates || hurt.worker !== null ? 'fail' : 'warn',
        subject: { kind: 'index', name: guard.name },
        stage: guard.stage,
        observed,
        expected: 'a valid unique index',
        summary: `${guard.name}: ${observed}`,
        hint: 'kc-doctor fix create-missing-indexes',
        payments: [],
      });
    }
    return outcomeOf({ pass: 'all 4 unique guard indexes are valid', findings, gaps });
  },
};

function observedText({ state, table, duplicates }: GuardIndex, worker: string | null): string {
  const words = {
    absent: 'missing',
    invalid: 'invalid',
    different: 'has another definition',
    valid: 'valid',
  };
  return [
    `${words[state]} on ${table}`,
    ...(duplicates !== null && duplicates > 0 ? [`${duplicates} duplicates`] : []),
    ...(worker === null ? [] : [`attempts of ${worker} end with 42P10`]),
  ].join(', ');
}

/** A worker that falls back logs the same SQLSTATE and goes on; only beside a failed attempt has it ended one. */
function attemptsEnded(
  state: PlatformState,
  guard: Guard,
): { readonly worker: string | null; readonly gap: Gap | null } {
  let gap: Gap | null = null;
  for (const worker of workersUsing(guard)) {
    const lines = linesSinceStart(state, worker);
    if (lines === null) {
      const log = workerLog(state, worker);
      if (log.kind === 'unseen' && serviceContainer(state, worker).kind !== 'absent') gap ??= log.gap;
      continue;
    }
    const unmatched = new Set(
      lines.filter(({ kind }) => kind === 'on-conflict-unmatched').map(({ atMs }) => atMs),
    );
    const hasEnded = lines.some(
      ({ kind, atMs }) => (kind === 'attempt-failed' || kind === 'sent-to-dlq') && unmatched.has(atMs),
    );
    if (hasEnded) return { worker, gap: null };
  }
  return { worker: null, gap };
}

function notRead(name: string): Gap {
  return {
    system: 'postgres',
    operation: `index ${name}`,
    code: 'incomplete',
    reason: 'it was not looked for',
    hint: 'run again with a longer --timeout',
  };
}
