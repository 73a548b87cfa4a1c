import { durationText } from '../../platform/duration.ts';
import type { ContainerState } from '../../platform/state.ts';

/** "exited (137), out of memory, 3 h ago, stopped by somebody (unless-stopped)": what the runtime says of a container that is not up. */
export function downText(container: ContainerState, nowMs: number): string {
  const { status, exitCode, oomKilled, finishedAtMs, restartPolicy } = container;
  const hasEnded = status === 'exited' || status === 'dead' || status === 'restarting';
  // Docker itself starts such a container again, unless somebody has stopped it.
  const isStopped = status === 'exited' && (restartPolicy === 'unless-stopped' || restartPolicy === 'always');
  return [
    hasEnded && exitCode !== null ? `${status} (${exitCode})` : status,
    ...(oomKilled ? ['out of memory'] : []),
    ...(hasEnded && finishedAtMs !== null ? [`${durationText(nowMs - finishedAtMs)} ago`] : []),
    ...(isStopped ? [`stopped by somebody (${restartPolicy})`] : []),
  ].join(', ');
}
