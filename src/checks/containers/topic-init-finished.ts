import { durationText } from '../../platform/duration.ts';
import { SERVICES } from '../../platform/pipeline.ts';
import type { ContainerState } from '../../platform/state.ts';
import { serviceContainer } from '../../platform/workers.ts';
import type { Check, CheckOutcome, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { downText } from './down.ts';

/** Creating the topics takes seconds; one that takes longer waits for a broker that does not come. */
const OVERDUE_MS = 300_000;

export const topicInitFinished: Check = {
  id: 'containers/topic-init-finished',
  title: 'Topic creation ended well',
  required: true,
  after: ['containers/runtime-answers'],
  needs: ['settings', 'containers'],
  explain:
    'kafka-init creates the topics once and exits 0: exited is its healthy state. With another exit code some topics may be missing, and the workers that read them die at their start. Look at topics/expected-exist, and create what is missing with kc-doctor fix create-topics.',
  examine(state): CheckOutcome {
    const found = serviceContainer(state, SERVICES.topicInit);
    if (found.kind === 'unseen') return { status: 'unknown', gap: found.gap };
    if (found.kind === 'absent') return { status: 'skipped', reason: 'the platform has no kafka-init' };
    const { container } = found;
    const problem = problemOf(container, state.takenAtMs);
    if (problem === null) return { status: 'pass', summary: `${container.name} is ${container.status}` };
    const finding: Finding = {
      ...problem,
      subject: { kind: 'container', name: container.name, service: SERVICES.topicInit },
      stage: null,
      expected: 'exited (0)',
      summary: `kafka-init: ${problem.observed}`,
      hint: `docker logs --tail 50 ${container.name}; missing topics: kc-doctor fix create-topics`,
      payments: [],
    };
    return outcomeOf({ pass: '', findings: [finding], gaps: [] });
  },
};

function problemOf(
  container: ContainerState,
  nowMs: number,
): { readonly severity: 'warn' | 'fail'; readonly observed: string } | null {
  const { status, exitCode, startedAtMs } = container;
  if (status === 'exited' && exitCode === 0) return null;
  if (status === 'running') {
    const age = startedAtMs === null ? 0 : nowMs - startedAtMs;
    return age > OVERDUE_MS ? { severity: 'warn', observed: `running for ${durationText(age)}` } : null;
  }
  const hasFailed = exitCode !== null && exitCode !== 0;
  return { severity: hasFailed || status === 'dead' ? 'fail' : 'warn', observed: downText(container, nowMs) };
}
