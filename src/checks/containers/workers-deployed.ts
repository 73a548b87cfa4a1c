import type { Gap } from '../../platform/observed.ts';
import { NEWER_WORKERS } from '../../platform/pipeline.ts';
import type { PlatformState } from '../../platform/state.ts';
import { paymentsWaitingFor } from '../../platform/waiting.ts';
import { expectedStages, serviceContainer } from '../../platform/workers.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';

export const workersDeployed: Check = {
  id: 'containers/workers-deployed',
  title: 'Every expected worker has a container',
  required: true,
  after: ['containers/runtime-answers'],
  needs: ['settings', 'containers', 'compose', 'groups', 'topics', 'records'],
  explain:
    'Each stage of the pipeline has one worker. One that was never deployed, often because the compose file lacks it, leaves its payments waiting in silence. A worker is called absent only if another expected worker of the project is on this daemon or configuration says singleHost: true. Add the service; before its first start set its committed offsets with kc-doctor fix move-offsets, or it begins at the end and skips what waits. Workers that only newer platforms have may be missing.',
  examine(state) {
    const findings: Finding[] = [];
    const gaps: Gap[] = [];
    const stages = expectedStages(state);
    for (const definition of stages) {
      const { worker, stage } = definition;
      const found = serviceContainer(state, worker);
      if (found.kind === 'unseen') gaps.push(found.gap);
      if (found.kind !== 'absent') continue;
      const { text, hint } = composeSays(state, worker);
      findings.push({
        severity: 'fail',
        subject: { kind: 'container', name: worker, service: worker },
        stage,
        observed: text,
        expected: 'a container',
        summary: `${worker}: ${text}`,
        hint,
        payments: paymentsWaitingFor(state, definition),
      });
    }
    const older = NEWER_WORKERS.filter((worker) => serviceContainer(state, worker).kind === 'absent');
    const note = older.length === 0 ? '' : `; older platform, without ${older.join(', ')}`;
    return outcomeOf({ pass: `${stages.length} of ${stages.length} exist${note}`, findings, gaps });
  },
};

function composeSays(
  { compose }: PlatformState,
  worker: string,
): { readonly text: string; readonly hint: string } {
  const up = `kc-doctor fix move-offsets, then docker compose up -d ${worker}`;
  if (compose.kind === 'unseen') return { text: 'no container', hint: up };
  return compose.value.services.includes(worker)
    ? { text: 'no container, though it is in compose', hint: up }
    : { text: 'no container, not in compose', hint: `add ${worker} to the compose file; ${up}` };
}
