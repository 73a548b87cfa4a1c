import type { ComposeProject, ContainerState } from '../platform/state.ts';

/**
 * Terms. Container: one instance on one daemon. Compose project and service: what the labels `com.docker.compose.project` and
 * `.service` say. One-off: a container of `docker compose run`, never a worker.
 */
export interface RuntimeFacts {
  readonly daemonId: string;
  /** Masked address for the head line: "local", "tcp://10.0.0.5:2376". */
  readonly address: string;
  readonly serverVersion: string;
}

export interface RawLogLine {
  readonly atMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface LogTail {
  /** Oldest first. */
  readonly lines: readonly RawLogLine[];
  /** The log holds no older line than the first one here. */
  readonly whole: boolean;
}

/** Methods throw DependencyError (system `docker`). */
export interface ContainerRuntimeReader extends AsyncDisposable {
  facts(signal: AbortSignal): Promise<RuntimeFacts>;
  /** All containers of the daemon, stopped ones included; inspected. */
  containers(signal: AbortSignal): Promise<readonly ContainerState[]>;
  /**
   * Last lines of both streams with Docker's own timestamps, by tail and never by `since` (which reads the whole file).
   * Widened by 4 from `tailLines` until the container's present start (`untilMs`) is covered, `maxBytes` or the signal's end.
   */
  logTail(
    containerId: string,
    options: { readonly tailLines: number; readonly untilMs: number | null; readonly maxBytes: number },
    signal: AbortSignal,
  ): Promise<LogTail>;
  /** Service names of the project's compose files, found through the labels; throws where no file is on this machine. */
  compose(project: string, signal: AbortSignal): Promise<ComposeProject>;
}

export interface ContainerRuntimeOperator extends ContainerRuntimeReader {
  /** Idempotent: a running container is left alone. */
  start(containerId: string, signal: AbortSignal): Promise<void>;
  /** Idempotent: a stopped container is left alone. Grace in seconds before SIGKILL. */
  stop(containerId: string, graceSeconds: number, signal: AbortSignal): Promise<void>;
}
