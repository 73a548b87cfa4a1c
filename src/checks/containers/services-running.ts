import { generationOf } from '../../platform/generation.ts';
import type { Gap } from '../../platform/observed.ts';
import { SERVICES } from '../../platform/pipeline.ts';
import { serviceContainer } from '../../platform/workers.ts';
import type { Check, Finding } from '../check.ts';
import { outcomeOf } from '../outcome.ts';
import { downText } from './down.ts';

export const servicesRunning: Check = {
  id: 'containers/services-running',
  title: 'The other services are up',
  required: false,
  after: ['containers/runtime-answers'],
  needs: ['settings', 'containers', 'logs', 'records', 'sessions'],
  explain:
    'payment-service announces payments, and its retry queue is lost when it stops. admin-service assigns trainers on the older generation; the newest assigns inside allocation-worker, so there it is only a warning. course-service and api-gateway make no events. A service without a container here may run elsewhere and is not judged.',
  examine(state) {
    const severities = [
      { service: SERVICES.payment, severity: 'fail' },
      { service: SERVICES.admin, severity: generationOf(state) === 'newest' ? 'warn' : 'fail' },
      { service: SERVICES.course, severity: 'warn' },
      { service: SERVICES.gateway, severity: 'warn' },
    ] as const;
    const findings: Finding[] = [];
    const gaps: Gap[] = [];
    let count = 0;
    for (const { service, severity } of severities) {
      const found = serviceContainer(state, service);
      if (found.kind === 'unseen') gaps.push(found.gap);
      if (found.kind !== 'seen') continue;
      const { container } = found;
      count += 1;
      if (container.status === 'running') continue;
      const observed = downText(container, state.takenAtMs);
      findings.push({
        severity,
        subject: { kind: 'container', name: container.name, service },
        stage: service === SERVICES.admin ? 'allocation' : null,
        observed,
        expected: 'running',
        summary: `${service}: ${observed}`,
        hint: `start it: docker start ${container.name}`,
        payments: [],
      });
    }
    if (count === 0 && gaps.length === 0) {
      return { status: 'skipped', reason: 'none of the other services has a container here' };
    }
    return outcomeOf({ pass: `${count} services are up`, findings, gaps });
  },
};
