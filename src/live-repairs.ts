import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { homedir, hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { dockerOptions, kafkaOptions, postgresOptions } from './adapter-options.ts';
import type { Config } from './config/config.ts';
import type { Flags, RepairContext } from './context.ts';
import { DependencyError, RefusedError, UsageError } from './errors.ts';
import type { PaymentId } from './platform/ids.ts';
import type { PlatformState } from './platform/state.ts';
import type { RunJournal, RunJournalReader } from './ports/run-ledger.ts';
import type { Tool } from './report/result.ts';

export interface OpenRepairsOptions {
  readonly flags: Flags;
  readonly tool: Tool;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly secrets: readonly string[];
  readonly leaving: AbortSignal;
  readonly interrupt: () => void;
  readonly leavesBehind: (commands: readonly string[]) => void;
  /** Null: nothing was observed yet. */
  readonly config: () => Config | null;
  readonly observeQuick: (asked: readonly PaymentId[]) => Promise<PlatformState>;
}

/** Wires what writes. Nothing is opened before somebody agreed to a plan. */
export function openRepairs(options: OpenRepairsOptions): RepairContext {
  const { flags, environment, stdin, stderr, secrets } = options;
  const isCi = isSet(environment['CI']);
  return {
    operator: environment['SUDO_USER'] ?? userName(),
    host: hostname(),
    isCi,
    canAsk: stdin.isTTY === true && stderr.isTTY === true && !isCi && flags.input,
    allowed: () => known().repairs,
    observeQuick: options.observeQuick,
    openOperators: async () => {
      const config = known();
      const file = await journalFile(config);
      const [docker, kafka, ledger] = await Promise.all([
        import('./adapters/docker/open-docker.ts'),
        import('./adapters/kafka/open-kafka-operator.ts'),
        import('./adapters/postgres/ledger/open-ledger.ts'),
      ]);
      const operators = {
        file,
        ledger: ledger.openPostgresLedger(await database(config)),
        kafka: kafka.openKafkaOperator(kafkaOptions(config, secrets)),
        runtime: docker.openDocker(dockerOptions(config, options)),
      };
      return { ...operators, [Symbol.asyncDispose]: () => disposeEach(Object.values(operators)) };
    },
    openJournals: async () => {
      const config = known();
      const file = await journalFile(config);
      if (config.postgres === null) return [unknownJournal(), file];
      const { openPostgresLedgerReader } = await import('./adapters/postgres/ledger/open-ledger.ts');
      return [openPostgresLedgerReader(await database(config)), file];
    },
    openPrompter: async () => {
      const { openPrompter } = await import('./adapters/terminal/prompter.ts');
      return openPrompter({ stdin, stderr, onInterrupt: options.interrupt });
    },
    leaving: options.leaving,
    leavesBehind: options.leavesBehind,
    failPoint: failPointOf(environment),
    newRun: () => randomBytes(4).toString('hex'),
    hash: (text) => createHash('sha256').update(text).digest('hex'),
    readFile: async (path) => {
      try {
        return await readFile(resolve(options.cwd, path), 'utf8');
      } catch (cause) {
        throw new UsageError('KC_FILE_UNREADABLE', `${path} could not be read`, 'check its name', { cause });
      }
    },
    writeFile: async (path, text) => {
      try {
        await writeFile(resolve(options.cwd, path), text, { mode: 0o600 });
      } catch (cause) {
        throw new UsageError('KC_FILE_UNWRITABLE', `${path} could not be written`, 'check its folder', {
          cause,
        });
      }
    },
  };

  function known(): Config {
    const config = options.config();
    if (config === null) throw new Error('where the platform is, is known only after looking at it');
    return config;
  }

  async function journalFile(config: Config): Promise<RunJournal> {
    const [{ openJournalFile }, { journalPath }] = await Promise.all([
      import('./adapters/journal-file/open-journal-file.ts'),
      import('./adapters/journal-file/journal-path.ts'),
    ]);
    return openJournalFile(
      journalPath(environment, environment['HOME'] ?? homedir(), config.settings.platform),
    );
  }

  async function database(config: Config) {
    if (config.postgres !== null) return postgresOptions(config, config.postgres, options);
    throw new RefusedError(
      'KC_NO_DATABASE',
      'no database address was configured or found, and without it nothing can be locked',
      'set POSTGRES_URL, or run in the folder that holds the env file (--project-dir)',
    );
  }
}

/** The shared journal where nobody knows its database: it cannot be looked at, which is not to say that it is empty. */
function unknownJournal(): RunJournalReader {
  const place = 'the database of the platform';
  const unknown = () =>
    Promise.reject(
      new DependencyError(
        'KC_NO_DATABASE',
        `the runs that are kept in ${place} could not be looked at: no address was configured or found`,
        'set POSTGRES_URL, or run in the folder that holds the env file (--project-dir)',
        { system: 'postgres', operation: 'journal of runs', gapCode: 'not-configured' },
      ),
    );
  return {
    place,
    standing: unknown,
    entries: unknown,
    entriesOf: unknown,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false';
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name (SystemError from getpwuid_r).
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** For tests alone: ends the process at a named place as a power cut would. */
function failPointOf(environment: OpenRepairsOptions['environment']): RepairContext['failPoint'] {
  const wanted = environment['KC_ALLOW_FAIL_POINTS'] === '1' ? environment['KC_FAIL_POINT'] : undefined;
  return async (place) => {
    if (wanted === undefined || place !== wanted) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal takes a moment; nothing may happen meanwhile.
    await new Promise<never>(() => {});
  };
}

async function disposeEach(resources: readonly AsyncDisposable[]): Promise<void> {
  const ended = await Promise.allSettled(resources.map((resource) => resource[Symbol.asyncDispose]()));
  const failures = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  if (failures.length > 0) throw new AggregateError(failures, 'a connection could not be closed');
}
