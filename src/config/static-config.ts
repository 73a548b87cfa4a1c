import { join, resolve } from 'node:path';
import { DEFAULT_EXPECTED_TOPICS, DEFAULT_EXPECTED_WORKERS } from '../platform/pipeline.ts';
import {
  DEFAULT_THRESHOLDS,
  DEFAULT_WINDOW_MS,
  type Settings,
  type Thresholds,
} from '../platform/settings.ts';
import type { Config, ConfigFlags, IdentityPin } from './config.ts';
import { readConfigFile } from './config-file.ts';
import {
  addressMap,
  adminServiceSettings,
  dockerSettings,
  kafkaSettings,
  postgresSettings,
  redisSettings,
} from './connections.ts';
import { formatDuration, parseDuration, parseSince } from './durations.ts';
import type { ConfigFiles } from './files.ts';
import { type Ledger, openLedger, settle, settleWithDefault } from './ledger.ts';
import { problemError } from './problems.ts';
import { fromFile, type Scope } from './scope.ts';
import { isTimeZone, type Sourced } from './values.ts';
import {
  envFileLayers,
  holdsEnvFile,
  PLATFORM_ENV_FILES,
  secretValues,
  type VariableLayer,
} from './variables.ts';

export interface ConfigInput {
  readonly flags: ConfigFlags;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly nowMs: number;
  readonly files: ConfigFiles;
}

/** Folder of the compose project on this machine: `unknown` before Docker was asked. */
export type ComposeFolder =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly path: string | null };

const DEFAULT_TIMEOUT_MS = 15_000;
/** Head line and --confirm need a name even where nothing gives one. */
export const UNNAMED_PLATFORM = 'unnamed';

/**
 * Everything that flags, config file, environment and env files say, before any connection. A profile is one complete set: with
 * one, the platform's variables are read from the profile's own env files and never from the process environment.
 * Throws UsageError or ConfigError with every problem at once.
 */
export async function staticConfig(
  input: ConfigInput,
  composeFolder: ComposeFolder = { kind: 'unknown' },
): Promise<Config> {
  const { flags, cwd, files } = input;
  const ledger = openLedger();
  const flagDir = projectDirFlag(input, ledger);
  const { set, problems } = await readConfigFile({
    explicitPath: flags.config,
    profile: flags.env,
    directory: flagDir ?? cwd,
    cwd,
    files,
  });
  ledger.problems.push(...problems);
  settle(ledger, 'config file', [
    set.path === null ? null : { value: set.path, source: flags.config === undefined ? 'found' : '--config' },
  ]);
  settle(ledger, 'profile', [{ value: flags.env, source: '--env' }]);
  const folder = platformFolder({ input, ledger, flagDir, composeFolder, set });
  const envFiles =
    set.values.envFiles?.map((path) => resolve(set.directory, path)) ??
    (folder === null ? [] : PLATFORM_ENV_FILES.map((name) => join(folder, name)));
  const fileLayers = envFileLayers(envFiles, files);
  ledger.problems.push(...fileLayers.problems);
  const environment: VariableLayer = { source: 'environment', values: input.environment };
  const scope: Scope = {
    set,
    folder,
    variables: set.profile === null ? [environment, ...fileLayers.layers] : fileLayers.layers,
    named: [environment, ...fileLayers.layers],
    mayFindMore: composeFolder.kind === 'unknown' && folder === null && set.values.runtime !== 'none',
    files,
    ledger,
  };
  const project = settle(ledger, 'project', [
    { value: flags.project, source: '--project' },
    fromFile(scope, (file) => file.project),
  ]);
  const config: Config = {
    profile: set.profile,
    project: project?.value ?? null,
    projectDir: folder,
    docker: dockerSettings(scope, input.environment),
    kafka: kafkaSettings(scope),
    postgres: postgresSettings(scope),
    adminService: adminServiceSettings(scope),
    redis: redisSettings(scope),
    addressMap: addressMap(scope),
    addressCandidates: [],
    settings: settingsOf(scope, input, project),
    pin: pinOf(scope),
    repairs: settleWithDefault<Config['repairs']>(
      ledger,
      'repairs',
      [fromFile(scope, (file) => file.repairs)],
      'all',
      listed,
    ),
    timeoutMs: timeout(scope, flags),
    failOn: failOn(scope, flags),
    timeZone: timeZone(scope, flags),
    rows: ledger.rows,
    platformSecrets: secretValues(scope.named),
  };
  if (ledger.problems.length > 0) throw problemError(ledger.problems);
  return config;
}

function projectDirFlag(input: ConfigInput, ledger: Ledger): string | null {
  const { projectDir } = input.flags;
  if (projectDir === undefined) return null;
  const path = resolve(input.cwd, projectDir);
  if (input.files.isDirectory(path)) return path;
  ledger.problems.push({
    key: '--project-dir',
    text: `${path} is not a folder`,
    wayOut: 'name the folder of the env files',
  });
  return null;
}

/** The flag, the config file, the current folder if it holds an env file, what Docker's compose label said. */
function platformFolder(question: {
  readonly input: ConfigInput;
  readonly ledger: Ledger;
  readonly flagDir: string | null;
  readonly composeFolder: ComposeFolder;
  readonly set: Scope['set'];
}): string | null {
  const { input, set, composeFolder } = question;
  const inFile = set.values.projectDir;
  const here = set.profile === null && holdsEnvFile(input.cwd, input.files) ? input.cwd : undefined;
  const labelled =
    set.profile === null && composeFolder.kind === 'known' ? (composeFolder.path ?? undefined) : undefined;
  const found = settle<string>(question.ledger, 'projectDir', [
    { value: question.flagDir ?? undefined, source: '--project-dir' },
    { value: inFile === undefined ? undefined : resolve(set.directory, inFile), source: set.source },
    { value: here, source: 'current folder' },
    { value: labelled, source: 'Docker (compose label)' },
  ]);
  return found?.value ?? null;
}

function settingsOf(scope: Scope, input: ConfigInput, project: Sourced<string> | null): Settings {
  const { ledger, set } = scope;
  const { kafka } = set.values;
  // SASL or TLS never comes from the platform's compose file, so such a Kafka is managed by somebody else.
  const looksManaged = kafka?.sasl !== undefined || (kafka?.tls ?? false) !== false;
  return {
    platform: set.profile ?? project?.value ?? UNNAMED_PLATFORM,
    runtime: settleWithDefault(ledger, 'runtime', [fromFile(scope, (file) => file.runtime)], 'docker'),
    singleHost: settleWithDefault(ledger, 'singleHost', [fromFile(scope, (file) => file.singleHost)], false),
    managedKafka: settleWithDefault(
      ledger,
      'managedKafka',
      [
        fromFile(scope, (file) => file.managedKafka),
        looksManaged ? { value: true, source: 'kafka.tls or kafka.sasl' } : null,
      ],
      false,
    ),
    generation: settle(ledger, 'generation', [fromFile(scope, (file) => file.generation)])?.value ?? null,
    expectedTopics: settleWithDefault<readonly string[]>(
      ledger,
      'expected.topics',
      [fromFile(scope, (file) => file.expected?.topics)],
      DEFAULT_EXPECTED_TOPICS,
      listed,
    ),
    expectedWorkers: settleWithDefault<readonly string[]>(
      ledger,
      'expected.workers',
      [fromFile(scope, (file) => file.expected?.workers)],
      DEFAULT_EXPECTED_WORKERS,
      listed,
    ),
    partitionCount: settleWithDefault(
      ledger,
      'expected.partitionCount',
      [fromFile(scope, (file) => file.expected?.partitionCount)],
      3,
    ),
    windowMs: windowOf(scope, input),
    thresholds: thresholdsOf(scope),
  };
}

function windowOf(scope: Scope, input: ConfigInput): number {
  const { since } = input.flags;
  const asked = since === undefined ? null : parseSince(since, input.nowMs);
  if (asked !== null && 'problem' in asked) {
    const wayOut = 'write a duration such as 36h or 7d, or a time such as 2026-01-07T20:00Z';
    scope.ledger.problems.push({ key: '--since', text: asked.problem, wayOut });
  }
  return settleWithDefault(
    scope.ledger,
    'window',
    [
      asked !== null && 'windowMs' in asked ? { value: asked.windowMs, source: '--since' } : null,
      fromFile(scope, (file) => file.window),
    ],
    DEFAULT_WINDOW_MS,
    formatDuration,
  );
}

function thresholdsOf(scope: Scope): Thresholds {
  const { ledger } = scope;
  const settled = { ...DEFAULT_THRESHOLDS };
  for (const key of Object.keys(DEFAULT_THRESHOLDS) as (keyof Thresholds)[]) {
    const ways = [fromFile(scope, (file) => file.thresholds?.[key])];
    const show = (value: number) => (key.endsWith('Ms') ? formatDuration(value) : String(value));
    settled[key] = settleWithDefault(ledger, `thresholds.${key}`, ways, DEFAULT_THRESHOLDS[key], show);
  }
  const ordered = [
    ['retentionWarnShare', 'retentionFailShare'],
    ['skewWarnMs', 'skewFailMs'],
  ] as const;
  for (const [warn, fail] of ordered) {
    if (settled[warn] <= settled[fail]) continue;
    const text = `is above thresholds.${fail}, so the warning would never show`;
    ledger.problems.push({
      key: `thresholds.${warn}`,
      text,
      wayOut: 'make the warning the smaller of the two',
    });
  }
  return settled;
}

function pinOf(scope: Scope): IdentityPin {
  const { pin } = scope.set.values;
  const text =
    pin === undefined
      ? null
      : Object.entries(pin)
          .map(([key, value]) => `${key} ${value}`)
          .join(', ');
  settle(scope.ledger, 'pin', [text === null ? null : { value: text, source: scope.set.source }]);
  return {
    composeProject: pin?.composeProject ?? null,
    dockerDaemonId: pin?.dockerDaemonId ?? null,
    kafkaClusterId: pin?.kafkaClusterId ?? null,
    databaseSystemId: pin?.databaseSystemId ?? null,
    databaseOid: pin?.databaseOid ?? null,
    databaseName: pin?.databaseName ?? null,
  };
}

function timeout(scope: Scope, flags: ConfigFlags): number {
  const text = flags.timeout?.trim();
  // The flag's bare number is seconds, as in design.md 3.
  const asked =
    text === undefined ? null : /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : parseDuration(text);
  if (text !== undefined && (asked === null || asked <= 0)) {
    scope.ledger.problems.push({
      key: '--timeout',
      text: `"${text}" is not a time to wait`,
      wayOut: 'write seconds, such as 15',
    });
  }
  return settleWithDefault(
    scope.ledger,
    'timeout',
    [asked === null ? null : { value: asked, source: '--timeout' }, fromFile(scope, (file) => file.timeout)],
    DEFAULT_TIMEOUT_MS,
    formatDuration,
  );
}

function failOn(scope: Scope, flags: ConfigFlags): Config['failOn'] {
  const asked = flags.failOn;
  const known = asked === 'fail' || asked === 'warn' ? asked : undefined;
  if (asked !== undefined && known === undefined) {
    scope.ledger.problems.push({
      key: '--fail-on',
      text: `"${asked}" is not known`,
      wayOut: 'write fail or warn',
    });
  }
  return settleWithDefault<Config['failOn']>(
    scope.ledger,
    'failOn',
    [{ value: known, source: '--fail-on' }, fromFile(scope, (file) => file.failOn)],
    'fail',
  );
}

function timeZone(scope: Scope, flags: ConfigFlags): string {
  const found = settle(scope.ledger, 'timeZone', [
    { value: flags.tz, source: '--tz' },
    fromFile(scope, (file) => file.timeZone),
    { value: 'UTC', source: 'default' },
  ]);
  const name = found?.value ?? 'UTC';
  if (isTimeZone(name)) return name;
  const key = flags.tz === undefined ? 'timeZone' : '--tz';
  scope.ledger.problems.push({
    key,
    text: `"${name}" is not a time zone`,
    wayOut: 'write a name such as Asia/Kolkata',
  });
  return 'UTC';
}

function listed(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : value.join(', ');
}
