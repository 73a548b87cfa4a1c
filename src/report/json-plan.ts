import type { Action, Plan } from '../repair/plan.ts';
import type { PhaseRecord, RunRecord } from '../repair/runs.ts';
import { printJson } from './json.ts';
import type { RepairResult, Tool } from './result.ts';
import type { HistoryDocument, PlanDocument, RepairDocument } from './schema.ts';

export function jsonRepair({ tool, command, plan, run, headline, exitCode }: RepairResult): string {
  const document: RepairDocument = {
    schemaVersion: 1,
    tool,
    command,
    exitCode,
    headline,
    plan: plan === null ? null : planDocument(plan),
    run: run?.run ?? null,
    outcome:
      run === null
        ? null
        : {
            kind: run.outcome,
            reasons: [...run.reasons],
            stays: [...run.stays],
            phases: run.phases.map(phaseDocument),
          },
  };
  return printJson(document);
}

export function jsonHistory(tool: Tool, runs: readonly RunRecord[]): string {
  const document: HistoryDocument = {
    schemaVersion: 1,
    tool,
    command: 'history',
    runs: runs.map(({ run, operator, phases, end, lastAtMs }) => ({
      run,
      operator,
      reason: phases[0].reason,
      startedAt: iso(phases[0].openedAtMs),
      lastAt: iso(lastAtMs),
      end: end === null ? null : { kind: end.kind, at: iso(end.atMs), text: end.text },
      phases: phases.map(phaseDocument),
    })),
  };
  return printJson(document);
}

function phaseDocument({ phase, isUndo, plan, steps }: PhaseRecord): RepairDocumentPhase {
  return {
    phase,
    isUndo,
    plan: planDocument(plan),
    steps: plan.steps.flatMap(({ number }) => {
      const known = steps.get(number);
      return known === undefined ? [] : [{ number, status: known.status, text: known.data.text }];
    }),
  };
}

type RepairDocumentPhase = NonNullable<RepairDocument['outcome']>['phases'][number];

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** A plan as `fix` prints it: offsets as decimal strings, everything else as it is. */
export function planDocument(plan: Plan): PlanDocument {
  return {
    schemaVersion: plan.schemaVersion,
    id: plan.id,
    fingerprint: plan.fingerprint,
    platform: plan.platform,
    identity: { ...plan.identity },
    confirm: plan.confirm,
    steps: plan.steps.map(({ action, precondition, ...step }) => ({
      ...step,
      action: { ...(plain(action) as { readonly kind: Action['kind'] }) },
      precondition: { ...(plain(precondition) as { readonly kind: string }) },
    })),
    payments: [...plan.payments],
    previews: plan.previews.map((preview) => ({
      ...preview,
      offset: preview.offset === null ? null : String(preview.offset),
    })),
    refusals: plan.refusals.map((refusal) => ({ ...refusal, payments: [...refusal.payments] })),
    warnings: [...plan.warnings],
  };
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
