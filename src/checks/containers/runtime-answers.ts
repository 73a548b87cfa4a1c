import type { Check } from '../check.ts';

export const runtimeAnswers: Check = {
  id: 'containers/runtime-answers',
  title: 'The container runtime answers',
  required: false,
  after: [],
  needs: ['settings', 'containers'],
  explain:
    'Workers live in containers, and most causes are told apart by what the container runtime says of them. If its socket does not answer, every check of containers is unknown. Check DOCKER_HOST, the Docker context and the rights on the socket. Where the platform runs on Kubernetes or ECS, set runtime: none, and containers are not looked at.',
  examine({ settings, containers }) {
    if (settings.runtime === 'none') {
      return { status: 'skipped', reason: 'configuration says runtime: none' };
    }
    if (containers.kind === 'unseen') return { status: 'unknown', gap: containers.gap };
    const { project, containers: all } = containers.value;
    return { status: 'pass', summary: `${all.length} containers of ${project ?? 'no project'}` };
  },
};
