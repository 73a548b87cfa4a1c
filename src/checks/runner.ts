import type { SystemId } from '../platform/observed.ts';
import type { PlatformState } from '../platform/state.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Check, CheckGroup, CheckId, CheckOutcome, CheckResult, Finding, Subject } from './check.ts';
import { findingsOutcome } from './outcome.ts';

/**
 * Examines a state. A check that goes after another takes over what that one could not say: after a failed one the failed subjects
 * are left out, after a skipped or unknown one the rest is skipped or unknown as well, unless it has seen harm itself.
 */
export function runChecks(
  state: PlatformState,
  checks: readonly Check[] = CATALOGUE,
): readonly CheckResult[] {
  const byId = new Map(checks.map((check) => [check.id, check]));
  const outcomes = new Map<CheckId, CheckOutcome>();
  const outcomeOfCheck = (check: Check): CheckOutcome => {
    const known = outcomes.get(check.id);
    if (known !== undefined) return known;
    const before = check.after.flatMap((id) => {
      const previous = byId.get(id);
      return previous === undefined ? [] : [{ id, outcome: outcomeOfCheck(previous) }];
    });
    const outcome = before.reduce(takeOver, examine(check, state));
    outcomes.set(check.id, outcome);
    return outcome;
  };
  return checks.map((check) => {
    const { id, title, required } = check;
    return { id, title, required, outcome: outcomeOfCheck(check) };
  });
}

interface Previous {
  readonly id: CheckId;
  readonly outcome: CheckOutcome;
}

function takeOver(outcome: CheckOutcome, { id, outcome: previous }: Previous): CheckOutcome {
  switch (previous.status) {
    case 'pass':
    case 'warn':
      return outcome;
    case 'skipped':
      return { status: 'skipped', reason: `${id} was skipped: ${previous.reason}` };
    case 'unknown':
      return outcome.status === 'fail' || outcome.status === 'skipped' ? outcome : previous;
    case 'fail':
      return withoutSubjectsOf(outcome, id, previous.findings);
  }
}

function withoutSubjectsOf(outcome: CheckOutcome, id: CheckId, failed: readonly Finding[]): CheckOutcome {
  const causes = failed.filter(({ severity }) => severity === 'fail').map(({ subject }) => subject);
  const skipped: CheckOutcome = { status: 'skipped', reason: `${id} failed` };
  if (causes.some(({ kind }) => kind === 'system')) return skipped;
  if (outcome.status !== 'fail' && outcome.status !== 'warn') return outcome;
  const left = outcome.findings.filter(({ subject }) => !causes.some((cause) => covers(cause, subject)));
  return left.length === outcome.findings.length ? outcome : (findingsOutcome(left) ?? skipped);
}

/** Whether what failed is, or holds, the subject of a later check. */
function covers(failed: Subject, subject: Subject): boolean {
  switch (failed.kind) {
    case 'system':
      return true;
    case 'container':
      return subject.kind === 'container' && subject.service === failed.service;
    case 'topic':
      return (subject.kind === 'topic' || subject.kind === 'partition') && subject.topic === failed.topic;
    case 'partition':
      return (
        subject.kind === 'partition' &&
        subject.topic === failed.topic &&
        subject.partition === failed.partition &&
        (failed.group === null || failed.group === subject.group)
      );
    case 'group':
      return (subject.kind === 'group' || subject.kind === 'partition') && subject.group === failed.group;
    case 'index':
      return subject.kind === 'index' && subject.name === failed.name;
    case 'payment':
      return subject.kind === 'payment' && subject.payment === failed.payment;
    case 'allocation':
      return subject.kind === 'allocation' && subject.allocation === failed.allocation;
  }
}

const SYSTEM_OF_GROUP: Readonly<Record<CheckGroup, SystemId>> = {
  containers: 'docker',
  topics: 'kafka',
  offsets: 'kafka',
  events: 'kafka',
  allocation: 'postgres',
  schema: 'postgres',
};

/** A defect in one check says nothing about the platform, and must not hide what the others say. */
function examine(check: Check, state: PlatformState): CheckOutcome {
  try {
    return check.examine(state);
  } catch (error) {
    const [group] = check.id.split('/') as [CheckGroup];
    const text = error instanceof Error ? error.message : String(error);
    return {
      status: 'unknown',
      gap: {
        system: SYSTEM_OF_GROUP[group],
        operation: `check ${check.id}`,
        code: 'other',
        reason: `a defect in kc-doctor: ${text}`,
        hint: 'please report it with kc-doctor snapshot -o state.json',
      },
    };
  }
}
