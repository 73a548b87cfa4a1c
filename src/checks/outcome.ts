import type { Gap } from '../platform/observed.ts';
import type { CheckOutcome, Finding } from './check.ts';

/** What a check has seen of all its subjects. */
export interface Examined {
  /** Said where nothing is wrong and nothing is unseen. */
  readonly pass: string;
  readonly findings: readonly Finding[];
  readonly gaps: readonly Gap[];
}

/** Harm that was seen counts even when another part is unseen; nothing wrong in what could be seen is unknown, not a pass. */
export function outcomeOf({ pass, findings, gaps }: Examined): CheckOutcome {
  const [gap, ...others] = gaps;
  if (gap === undefined || findings.some(({ severity }) => severity === 'fail')) {
    return findingsOutcome(findings) ?? { status: 'pass', summary: pass };
  }
  const further = new Set(others.map(({ operation }) => operation));
  further.delete(gap.operation);
  const reason = further.size === 0 ? gap.reason : `${gap.reason} (and ${further.size} more)`;
  return { status: 'unknown', gap: { ...gap, reason } };
}

/** Null: no finding. */
export function findingsOutcome(findings: readonly Finding[]): CheckOutcome | null {
  const ordered = findings.toSorted((a, b) => rank(a) - rank(b));
  const [first, ...others] = ordered;
  if (first === undefined) return null;
  const summary = others.length === 0 ? first.summary : `${first.summary} (and ${others.length} more)`;
  return { status: first.severity, summary, findings: [first, ...others] };
}

const rank = ({ severity }: Finding): number => (severity === 'fail' ? 0 : 1);
