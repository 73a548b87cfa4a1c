import { DependencyError } from '../../src/errors.ts';
import { maskSecrets } from '../../src/platform/mask.ts';
import type { GapCode } from '../../src/platform/observed.ts';
import type { ComposeProject, ContainerState } from '../../src/platform/state.ts';
import type {
  ContainerRuntimeOperator,
  LogTail,
  RawLogLine,
  RuntimeFacts,
} from '../../src/ports/container-runtime.ts';
import { ScriptedClock } from './scripted-clock.ts';

export type RuntimeMethod = 'facts' | 'containers' | 'logTail' | 'compose' | 'start' | 'stop';

/** `isDone`: it was done all the same, so that the outcome is unknown to whoever asked. */
type Behaviour = (
  | { readonly kind: 'fail'; readonly error: DependencyError }
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly ms: number }
) & { readonly isDone: boolean };

interface Entry {
  state: ContainerState;
  lines: readonly RawLogLine[];
  composeFile: string | null;
  /** Runs at each start: logs lines, joins a group, crashes again. */
  onStart: () => void;
  onStop: () => void;
  /** Of the next stop: 137 where the grace runs out. */
  stopExitCode: number;
}

export interface NewContainer extends Partial<ContainerState> {
  readonly name: string;
  readonly composeFile?: string;
  readonly onStart?: () => void;
  readonly onStop?: () => void;
}

/**
 * One daemon in memory. Held to the same contract as the real one (test/contract/container-runtime.contract.ts); what that does not
 * say proves nothing here.
 */
export class SimulatedContainerRuntime {
  readonly clock: ScriptedClock;
  readonly #entries = new Map<string, Entry>();
  readonly #composeFiles = new Map<string, readonly string[]>();
  readonly #behaviour = new Map<RuntimeMethod, Behaviour>();
  #serial = 0;
  #openRuntimes = 0;

  constructor(clock: ScriptedClock = new ScriptedClock()) {
    this.clock = clock;
  }

  // --- what the world does to it

  /** A container as `docker create` leaves it, unless `status` says otherwise. Returns its id. */
  add(container: NewContainer): string {
    const { composeFile = null, onStart = () => undefined, onStop = () => undefined, ...patch } = container;
    this.#serial += 1;
    const id = patch.id ?? this.#serial.toString(16).padStart(64, '0');
    const state: ContainerState = {
      ...{ service: null, project: null, image: 'simulated', status: 'created', exitCode: null },
      ...{ oomKilled: false, restartCount: 0, restartPolicy: 'unless-stopped' },
      ...{ createdAtMs: this.clock.nowMs(), startedAtMs: null, finishedAtMs: null, oneOff: false },
      ...{ networkMode: 'bridge', networks: [], publishedPorts: [], brokerList: null, database: null },
      ...patch,
      id,
    };
    this.#entries.set(id, { state, lines: [], composeFile, onStart, onStop, stopExitCode: 0 });
    return id;
  }

  remove(container: string): void {
    this.#entries.delete(this.#entry(container).state.id);
  }

  log(container: string, text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    const entry = this.#entry(container);
    entry.lines = [...entry.lines, { atMs: this.clock.nowMs(), stream, text }];
  }

  /** Throws the oldest lines away. */
  rotate(container: string, kept: number): void {
    const entry = this.#entry(container);
    entry.lines = entry.lines.slice(-kept);
  }

  writeComposeFile(path: string, services: readonly string[]): void {
    this.#composeFiles.set(path, services);
  }

  startContainer(container: string): void {
    const entry = this.#entry(container);
    if (entry.state.status === 'running') return;
    entry.state = { ...entry.state, status: 'running', exitCode: null, startedAtMs: this.clock.nowMs() };
    entry.onStart();
  }

  stopContainer(container: string): void {
    const entry = this.#entry(container);
    if (!['running', 'restarting', 'paused'].includes(entry.state.status)) return;
    entry.state = {
      ...entry.state,
      status: 'exited',
      exitCode: entry.stopExitCode,
      finishedAtMs: this.clock.nowMs(),
    };
    entry.onStop();
  }

  /** The process ends by itself; the restart policy is the test's business. */
  exit(container: string, exitCode: number, { oomKilled = false } = {}): void {
    const entry = this.#entry(container);
    const finishedAtMs = this.clock.nowMs();
    entry.state = { ...entry.state, status: 'exited', exitCode, oomKilled, finishedAtMs };
  }

  /** The daemon restarts it, as its policy says. */
  restartByPolicy(container: string): void {
    const entry = this.#entry(container);
    entry.state = { ...entry.state, restartCount: entry.state.restartCount + 1 };
    this.startContainer(container);
  }

  change(container: string, patch: Partial<ContainerState>): void {
    const entry = this.#entry(container);
    entry.state = { ...entry.state, ...patch };
  }

  nextStopExits(container: string, exitCode: number): void {
    this.#entry(container).stopExitCode = exitCode;
  }

  state(container: string): ContainerState {
    return this.#entry(container).state;
  }

  fail(method: RuntimeMethod, gapCode: GapCode = 'refused', { isDone = false } = {}): void {
    const error = simulatedError(`The simulated daemon fails at ${method}.`, gapCode, method);
    this.#behaviour.set(method, { kind: 'fail', error, isDone });
  }

  /** Never settles but by its signal. */
  hang(method: RuntimeMethod, { isDone = false } = {}): void {
    this.#behaviour.set(method, { kind: 'hang', isDone });
  }

  slow(method: RuntimeMethod, ms: number): void {
    this.#behaviour.set(method, { kind: 'slow', ms, isDone: false });
  }

  recover(method?: RuntimeMethod): void {
    if (method === undefined) this.#behaviour.clear();
    else this.#behaviour.delete(method);
  }

  /** Everything that looking must leave as it is. */
  fingerprint(): unknown {
    return [...this.#entries.values()].map(({ state, lines }) => ({ state, lines: lines.length }));
  }

  /** How many were opened and not disposed. */
  get openRuntimes(): number {
    return this.#openRuntimes;
  }

  // --- what the port does to it

  runtime(secrets: readonly string[] = []): ContainerRuntimeOperator {
    let isOpen = true;
    this.#openRuntimes += 1;
    return {
      facts: (signal) => this.#do('facts', signal, () => this.#facts()),
      containers: (signal) =>
        this.#do('containers', signal, () => [...this.#entries.values()].map(({ state }) => state)),
      logTail: (id, options, signal) =>
        this.#do('logTail', signal, () => this.#logTail(id, options, secrets)),
      compose: (project, signal) => this.#do('compose', signal, () => this.#compose(project)),
      start: (id, signal) => this.#do('start', signal, () => this.startContainer(id)),
      stop: (id, _grace, signal) => this.#do('stop', signal, () => this.stopContainer(id)),
      [Symbol.asyncDispose]: async () => {
        if (isOpen) this.#openRuntimes -= 1;
        isOpen = false;
      },
    };
  }

  async #do<T>(method: RuntimeMethod, signal: AbortSignal, act: () => T): Promise<T> {
    const behaviour = this.#behaviour.get(method);
    if (signal.aborted) throw aborted(method);
    if (behaviour === undefined) return act();
    if (behaviour.isDone) act();
    switch (behaviour.kind) {
      case 'fail':
        throw behaviour.error;
      case 'hang':
        return await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(aborted(method)), { once: true });
        });
      case 'slow':
        await this.clock.sleep(behaviour.ms, signal);
        return act();
    }
  }

  #facts(): RuntimeFacts {
    return { daemonId: 'SIMULATED:DAEMON', address: 'local', serverVersion: '27.0.0' };
  }

  #logTail(
    id: string,
    options: { readonly tailLines: number; readonly untilMs: number | null; readonly maxBytes: number },
    secrets: readonly string[],
  ): LogTail {
    const { lines } = this.#entry(id);
    const { tailLines, untilMs, maxBytes } = options;
    const sizeOf = (tail: readonly RawLogLine[]) => tail.reduce((sum, { text }) => sum + text.length, 0);
    let count = tailLines;
    const tail = () => lines.slice(-count);
    const isCovered = () => count > lines.length || (tail()[0]?.atMs ?? 0) <= (untilMs ?? Infinity);
    while (!isCovered() && sizeOf(lines.slice(-count * 4)) <= maxBytes) count *= 4;
    while (count > 1 && sizeOf(tail()) > maxBytes) count -= 1;
    return {
      lines: tail().map((line) => ({ ...line, text: maskSecrets(line.text, secrets) })),
      whole: count > lines.length,
    };
  }

  #compose(project: string): ComposeProject {
    const entries = [...this.#entries.values()].filter(({ state }) => state.project === project);
    const files = [...new Set(entries.flatMap(({ composeFile }) => composeFile ?? []))];
    const services = files.map((file) => this.#composeFiles.get(file));
    if (files.length === 0 || services.includes(undefined)) {
      throw new DependencyError(
        'KC_SIMULATED',
        `The compose files of ${project} are not here.`,
        'Look elsewhere.',
        {
          system: 'compose',
          operation: `compose files of ${project}`,
          gapCode: 'incomplete',
        },
      );
    }
    return { files, services: [...new Set(services.flatMap((names) => names ?? []))] };
  }

  /** By id or, for tests, by name. */
  #entry(container: string): Entry {
    const named = [...this.#entries.values()].find(({ state }) => state.name === container);
    const entry = this.#entries.get(container) ?? named;
    if (entry === undefined)
      throw simulatedError(`There is no container ${container}.`, 'other', 'a container');
    return entry;
  }
}

function aborted(method: RuntimeMethod): DependencyError {
  return simulatedError('The simulated daemon gave no answer in time.', 'timeout', method);
}

function simulatedError(message: string, gapCode: GapCode, operation: string): DependencyError {
  return new DependencyError('KC_SIMULATED', message, 'Call recover().', {
    system: 'docker',
    operation,
    gapCode,
  });
}
