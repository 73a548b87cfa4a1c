import { SERVICES } from '../../platform/pipeline.ts';
import type { ContainerState, PlatformState } from '../../platform/state.ts';
import { isLivingByGroup } from '../../platform/workers.ts';
import type { Check } from '../check.ts';
import { type DeployedWorker, perWorker, workerFinding } from './per-worker.ts';

export const brokerAddressUsable: Check = {
  id: 'containers/broker-address-usable',
  title: 'Workers use a broker address that works for them',
  required: true,
  after: ['containers/workers-deployed'],
  needs: ['settings', 'containers', 'groups'],
  explain:
    'Inside a container localhost is the container itself, so a worker whose KAFKA_BROKERS says localhost:9092 is refused, although the same address works on the host. It is a fault only where the broker does not share the network namespace of the worker (host networking, or container: networking). Set the name of the broker in the compose network, kafka:9092, and recreate the container.',
  examine: (state) =>
    perWorker(
      state,
      (count) => `${count} workers name a broker that is not themselves`,
      (worker) => {
        const problem = problemOf(worker, state);
        if (problem === null) return null;
        const { worker: service } = worker.definition;
        return workerFinding(worker, {
          ...problem,
          expected: 'kafka:9092, or the address of a managed broker',
          hint: `set KAFKA_BROKERS=kafka:9092 for ${service}, then docker compose up -d ${service}`,
        });
      },
    ),
};

function problemOf(
  { container, definition }: DeployedWorker,
  state: PlatformState,
): { readonly severity: 'warn' | 'fail'; readonly observed: string } | null {
  const addresses = (container.brokerList ?? '').split(',').flatMap((one) => one.trim() || []);
  if (addresses.length === 0) return { severity: 'warn', observed: 'KAFKA_BROKERS is not set' };
  const loopback = addresses.filter(isLoopback);
  // A member of ours in a Stable group proves that the address works, by whatever route.
  if (loopback.length === 0 || sharesNamespace(container, state) || isLivingByGroup(state, definition)) {
    return null;
  }
  return {
    severity: loopback.length === addresses.length ? 'fail' : 'warn',
    observed: `uses ${loopback.join(', ')}, which is the container itself`,
  };
}

function isLoopback(address: string): boolean {
  const host = address.replace(/^[A-Z_]+:\/\//, '').replace(/:\d+$/, '');
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.');
}

function sharesNamespace(worker: ContainerState, { containers }: PlatformState): boolean {
  if (worker.networkMode === 'host' || worker.networkMode.startsWith('container:')) return true;
  if (containers.kind === 'unseen') return false;
  return containers.value.containers.some(
    ({ service, networkMode }) =>
      service === SERVICES.kafka &&
      (networkMode === `container:${worker.id}` || networkMode === `container:${worker.name}`),
  );
}
