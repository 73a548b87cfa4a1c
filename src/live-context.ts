import { dirname } from 'node:path';
import {
  ANSWER_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  dockerOptions,
  kafkaOptions,
  postgresOptions,
  resolves,
} from './adapter-options.ts';
import { type DaemonPlace, routeUrl } from './config/address-map.ts';
import type { Config } from './config/config.ts';
import { discoveredConfig } from './config/discovered-config.ts';
import { parseDuration } from './config/durations.ts';
import { nodeFiles } from './config/files.ts';
import { refuseOtherPlatform } from './config/pin.ts';
import { secretsOf } from './config/secrets.ts';
import { type ConfigInput, staticConfig } from './config/static-config.ts';
import { isTimeZone } from './config/values.ts';
import type { Context, Flags } from './context.ts';
import { UsageError } from './errors.ts';
import { openRepairs } from './live-repairs.ts';
import type { Connected } from './observe/survey.ts';
import { parseAddress } from './platform/address.ts';
import { escapeControl } from './platform/escape.ts';
import type { PaymentId } from './platform/ids.ts';
import type { LookupQuestion } from './platform/lookup.ts';
import type { Gap, Observed, SystemId } from './platform/observed.ts';
import type { ComposeProject, ContainerInventory, PlatformState } from './platform/state.ts';
import type { Tool } from './report/result.ts';

/** Less than the 15 s at which the polls are made, and enough for everything else. */
const QUICK_LOOK_MS = 6_000;

export interface OpenContextOptions {
  readonly flags: Flags;
  readonly tool: Tool;
  readonly signal: AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Grows as configuration is found; the adapters hold the list itself, so that what is read later is masked too. */
  readonly secrets: string[];
  /** Second Ctrl-C. */
  readonly leaving: AbortSignal;
  /** As the first Ctrl-C, where a prompt holds the terminal. */
  readonly interrupt: () => void;
  readonly leavesBehind: (commands: readonly string[]) => void;
}

export interface LiveContext extends AsyncDisposable {
  readonly context: Context;
}

/** Wires configuration, adapters and terminal to what a command may do. Nothing is connected before a command observes. */
export async function openContext(options: OpenContextOptions): Promise<LiveContext> {
  const { flags, tool, environment, secrets } = options;
  const input: ConfigInput = {
    flags,
    environment,
    cwd: options.cwd,
    nowMs: Date.now(),
    files: nodeFiles,
  };
  const [{ presentation }, { systemClock }] = await Promise.all([
    import('./adapters/terminal/presentation.ts'),
    import('./adapters/clock.ts'),
  ]);
  /** What the latest look opened, and where it found everything. */
  const resources: AsyncDisposable[] = [];
  const found: { config: Config | null } = { config: null };
  /** Flags alone until configuration was read; a snapshot is judged with flags alone, so that the bytes are the same everywhere. */
  const policy = { timeZone: flags.tz ?? 'UTC', failOnWarn: flags.failOn === 'warn' };
  const view = presentation(options.stdout, environment, {
    color: flags.color,
    verbose: flags.verbose,
    timeZone: policy.timeZone,
  });

  const context: Context = {
    tool,
    flags,
    format: flags.format ?? 'human',
    get view() {
      return { ...view, timeZone: policy.timeZone };
    },
    get failOnWarn() {
      return policy.failOnWarn;
    },
    observe: (asked, lookups = []) =>
      flags.from === undefined ? observeLive({ asked, lookups }) : recorded(flags.from),
    clock: systemClock,
    waitMs: waitMsOf(flags),
    signal: options.signal,
    say: (line) => {
      options.stderr.write(`${escapeControl(line)}\n`);
    },
    show: (text) => {
      options.stdout.write(text);
    },
    writeSnapshot: async (file, state) => {
      const { writeSnapshot } = await import('./adapters/snapshot/snapshot-file.ts');
      await writeSnapshot(file, state, tool, secrets);
    },
    settingRows: async () => {
      const rows: { current: Config['rows'] } = { current: [] };
      await observeLive({ asked: [], lookups: [] }, (config) => {
        rows.current = config.rows;
      });
      return rows.current;
    },
    repairs: openRepairs({
      ...options,
      config: () => found.config,
      observeQuick: (asked) => observeLive({ asked, lookups: [], withinMs: QUICK_LOOK_MS }),
    }),
  };
  return { context, [Symbol.asyncDispose]: () => disposeAll(resources) };

  async function recorded(file: string): Promise<PlatformState> {
    if (!isTimeZone(policy.timeZone)) {
      throw new UsageError(
        'KC_USAGE_ZONE',
        `--tz: "${policy.timeZone}" is not a time zone`,
        'write a name such as Asia/Kolkata',
      );
    }
    const { readSnapshot } = await import('./adapters/snapshot/snapshot-file.ts');
    return readSnapshot(file);
  }

  async function observeLive(
    wanted: {
      readonly asked: readonly PaymentId[];
      readonly lookups: readonly LookupQuestion[];
      readonly withinMs?: number;
    },
    onConfig: (config: Config) => void = () => {},
  ): Promise<PlatformState> {
    await disposeAll(resources.splice(0));
    const initial = await staticConfig(input);
    learnSecrets(initial);
    policy.timeZone = initial.timeZone;
    policy.failOnWarn = initial.failOn === 'warn';
    const [{ observe }, { budget }, { openProgress }] = await Promise.all([
      import('./observe/observe.ts'),
      import('./observe/deadline.ts'),
      import('./adapters/terminal/progress.ts'),
    ]);
    const progress = await openProgress(options.stderr, environment);
    resources.push(progress);
    const limits = budget(Math.min(initial.timeoutMs, wanted.withinMs ?? initial.timeoutMs));
    try {
      const state = await observe(
        {
          clock: systemClock,
          observer: progress.observer,
          signal: options.signal,
          endsAtMs: systemClock.monotonicMs() + limits.totalMs,
        },
        {
          runtime: await openRuntime(initial),
          wantedProject: initial.project,
          connect: (inventory, compose, dockerAddress) =>
            connect(inventory, compose, dockerAddress, onConfig),
          asked: wanted.asked,
          lookups: wanted.lookups,
          budget: limits,
        },
      );
      refuseOtherPlatform(state.identity, initial.pin);
      return state;
    } finally {
      await progress.stop();
    }
  }

  async function openRuntime(config: Config) {
    if (config.settings.runtime === 'none') {
      return notConfigured(
        'docker',
        'containers',
        'configuration says that no container runtime can be asked',
        'set runtime: docker if it can',
      );
    }
    const { openDocker } = await import('./adapters/docker/open-docker.ts');
    const runtime = openDocker(dockerOptions(config, options));
    resources.push(runtime);
    return runtime;
  }

  async function connect(
    inventory: Observed<ContainerInventory>,
    compose: Observed<ComposeProject>,
    dockerAddress: string | null,
    onConfig: (config: Config) => void,
  ): Promise<Connected> {
    const file = compose.kind === 'seen' ? compose.value.files[0] : undefined;
    const config = await discoveredConfig(input, {
      inventory: inventory.kind === 'seen' ? inventory.value : null,
      composeFolder: file === undefined ? null : dirname(file),
      place: daemonPlace(dockerAddress),
    });
    learnSecrets(config);
    found.config = config;
    onConfig(config);
    const [kafka, database, admin] = await Promise.all([
      openCluster(config),
      openDatabase(config),
      openAdmin(config),
    ]);
    return { settings: config.settings, kafka, database, admin };
  }

  async function openCluster(config: Config): Promise<Connected['kafka']> {
    if (config.kafka.brokers.length === 0) {
      return notConfigured(
        'kafka',
        'brokers',
        'no broker address was configured or found',
        'set KAFKA_BROKERS, or kafka.brokers in the configuration',
      );
    }
    const { openKafka } = await import('./adapters/kafka/open-kafka.ts');
    const cluster = openKafka(kafkaOptions(config, secrets));
    resources.push(cluster);
    return cluster;
  }

  async function openDatabase(config: Config): Promise<Connected['database']> {
    if (config.postgres === null) {
      return notConfigured(
        'postgres',
        'database',
        'no database address was configured or found',
        'set POSTGRES_URL, or run in the folder that holds the env file (--project-dir)',
      );
    }
    const { openPostgres } = await import('./adapters/postgres/open.ts');
    const database = openPostgres(await postgresOptions(config, config.postgres, options));
    resources.push(database);
    return database;
  }

  async function openAdmin(config: Config): Promise<Connected['admin']> {
    const { baseUrl, token } = config.adminService;
    if (baseUrl === null) {
      return notConfigured(
        'admin-service',
        'base address',
        'no address was configured or found',
        'set ADMIN_SERVICE_URL, or adminService.url in the configuration',
      );
    }
    const { openAdminService } = await import('./adapters/admin-service/open.ts');
    const { url } = await routeUrl(baseUrl, {
      addressMap: config.addressMap,
      candidates: config.addressCandidates,
      resolves,
    });
    const admin = openAdminService({
      baseUrl: url,
      token,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      secrets,
    });
    resources.push(admin);
    return admin;
  }

  function learnSecrets(config: Config): void {
    for (const secret of secretsOf(config)) if (!secrets.includes(secret)) secrets.push(secret);
  }
}

function waitMsOf({ wait }: Flags): number {
  if (wait === undefined) return 0;
  const ms = parseDuration(wait);
  if (ms !== null && ms > 0) return ms;
  throw new UsageError(
    'KC_USAGE_WAIT',
    `--wait: "${wait}" is not a time to wait`,
    'write a duration such as 120s or 5m',
  );
}

/** In reverse order of opening; a part that fails to close must not keep the others open. */
async function disposeAll(resources: AsyncDisposable[]): Promise<void> {
  const failures: unknown[] = [];
  for (const resource of resources.toReversed()) {
    try {
      await resource[Symbol.asyncDispose]();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'a connection could not be closed');
}

function notConfigured(system: SystemId, operation: string, reason: string, hint: string): Gap {
  return { system, operation, code: 'not-configured', reason, hint };
}

/** A daemon behind TCP on another host publishes its ports there; only a local Linux daemon's containers can be reached themselves. */
function daemonPlace(address: string | null): DaemonPlace {
  const remote =
    address?.startsWith('tcp://') === true
      ? (parseAddress(address.slice('tcp://'.length))?.host ?? null)
      : null;
  const isLocal = remote === null || remote === 'localhost' || remote.startsWith('127.') || remote === '::1';
  return { remoteHost: isLocal ? null : remote, reachesContainers: isLocal && process.platform === 'linux' };
}
