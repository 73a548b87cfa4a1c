import { DEFAULT_EXPECTED_WORKERS } from './pipeline.ts';
import type { ContainerInventory, ContainerState } from './state.ts';

/** Compose project by label, else what stands before the service in the name ("kodingcaravan-purchase-worker"). */
function projectOf(container: ContainerState): string | null {
  if (container.project !== null) return container.project;
  if (container.service === null) return null;
  const end = container.name.indexOf(container.service);
  return end > 1 ? container.name.slice(0, end).replace(/[-_]$/, '') : null;
}

/** Which containers of a daemon belong to the platform. `wanted` null: the only project that has a worker of the pipeline. */
export function inventoryOf(
  daemonId: string,
  containers: readonly ContainerState[],
  wanted: string | null,
): ContainerInventory {
  const platformProjects = [...new Set(containers.filter(isPipelineWorker).map(projectOf))]
    .filter((project) => project !== null)
    .toSorted();
  const only = platformProjects.length === 1 ? (platformProjects[0] ?? null) : null;
  const project = wanted ?? only;
  return {
    daemonId,
    platformProjects,
    project,
    containers: project === null ? [] : containers.filter((container) => projectOf(container) === project),
  };
}

function isPipelineWorker(container: ContainerState): boolean {
  return (
    (DEFAULT_EXPECTED_WORKERS as readonly (string | null)[]).includes(container.service) && !container.oneOff
  );
}
