import type { Gap } from '../../platform/observed.ts';
import { PIPELINE, type StageDefinition } from '../../platform/pipeline.ts';
import type { ContainerState, PlatformState } from '../../platform/state.ts';
import { serviceContainer } from '../../platform/workers.ts';
import type { CheckOutcome, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

export interface DeployedWorker {
  readonly definition: StageDefinition;
  readonly container: ContainerState;
}

export type Judged = { readonly finding: Finding } | { readonly gap: Gap } | null;

/**
 * Asks about each worker that has a container. Expected ones that could not be seen are gaps; absent ones belong to
 * containers/workers-deployed; newer ones count once they are there.
 */
export function perWorker(
  state: PlatformState,
  pass: (count: number) => string,
  judge: (worker: DeployedWorker) => Judged,
): CheckOutcome {
  const findings: Finding[] = [];
  const gaps: Gap[] = [];
  let count = 0;
  for (const definition of PIPELINE) {
    const found = serviceContainer(state, definition.worker);
    if (found.kind === 'unseen' && state.settings.expectedWorkers.includes(definition.worker)) {
      gaps.push(found.gap);
    }
    if (found.kind !== 'seen') continue;
    count += 1;
    const judged = judge({ definition, container: found.container });
    if (judged === null) continue;
    if ('finding' in judged) findings.push(judged.finding);
    else gaps.push(judged.gap);
  }
  return outcomeOf({ pass: pass(count), findings, gaps });
}

/** A worker that is up, or comes up again: only then its log says what holds now. */
export function isUp({ container: { status } }: DeployedWorker): boolean {
  return status === 'running' || status === 'restarting';
}

export function workerFinding(
  { definition, container }: DeployedWorker,
  finding: Omit<Finding, 'subject' | 'stage' | 'summary' | 'payments'> & Partial<Pick<Finding, 'payments'>>,
): { readonly finding: Finding } {
  return {
    finding: {
      payments: [],
      ...finding,
      subject: { kind: 'container', name: container.name, service: definition.worker },
      stage: definition.stage,
      summary: `${definition.worker}: ${finding.observed}`,
    },
  };
}
