import { Command as Commander, CommanderError, Option } from 'commander';
import { type Command, type Flags, FORMATS } from './context.ts';
import { UsageError } from './errors.ts';
import { isUuid } from './platform/ids.ts';

/** A command as it was chosen on the command line; its code is loaded by `load` when it runs. */
export interface Invocation {
  readonly name: string;
  readonly load: () => Promise<Command>;
  readonly flags: Flags;
  readonly args: readonly string[];
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly args?: readonly (readonly [string, string])[];
  readonly options?: readonly Option[];
  readonly load: () => Promise<Command>;
}

const DIAGNOSE: Entry = {
  name: 'diagnose',
  summary: 'who is hurt, where it stops, why, and what to type next (also without a command)',
  load: async () => (await import('./commands/diagnose.ts')).diagnose,
};

const ENTRIES: readonly Entry[] = [
  DIAGNOSE,
  {
    name: 'trace',
    summary: 'one payment through every hop, and the first that is missing',
    args: [['[paymentId...]', 'payment ids (uuid)']],
    options: [
      new Option('--student <id>', 'the newest payments of a student, at most 50'),
      new Option('--course <id>', 'the newest payments for a course, at most 50'),
      new Option('--purchase <id>', 'the payments that led to a purchase'),
      new Option('--allocation <id>', 'the payments that led to an allocation'),
    ],
    load: async () => (await import('./commands/trace.ts')).trace,
  },
  {
    name: 'snapshot',
    summary: 'write down what was observed, redacted; read it back with --from',
    options: [
      new Option('-o, --output <file>', 'where to write it').makeOptionMandatory(),
      new Option('--payment <id...>', 'payments to include though they may have arrived'),
    ],
    load: async () => (await import('./commands/snapshot.ts')).snapshot,
  },
  {
    name: 'smoke',
    summary: 'whether the required checks hold, one line each: for CI after a deploy',
    options: [new Option('--wait <duration>', 'look again until they hold or this is over, such as 120s')],
    load: async () => (await import('./commands/smoke.ts')).smoke,
  },
  {
    name: 'fix',
    summary: 'plan a repair, show it, ask, apply it and verify it; --dry-run stops after the plan',
    args: [
      ['[repair]', 'what to do; without it, what the evidence supports'],
      ['[target...]', 'stages or payment ids; without them, all that are hurt'],
    ],
    options: [
      new Option('--dry-run', 'show the plan and change nothing'),
      new Option('--yes', 'agree to what can be taken back'),
      new Option('--confirm <text>', 'agree to what cannot: <platform>:<count>, as the plan names it'),
      new Option('--stage <stage>', 'only this stage'),
      new Option('--include-older', 'also payments that were confirmed more than 48 hours ago'),
      new Option('--plan-out <file>', 'with --dry-run: save the plan for review'),
      new Option('--plan <file>', 'apply a saved plan, if it would be made the same now'),
      new Option('--reason <text>', 'why, for the journal'),
      new Option('--resume <run>', 'go on with a run that was left'),
      new Option('--detailed-exitcode', 'with --dry-run: exit 10 where the plan has changes'),
    ],
    load: async () => (await import('./commands/fix.ts')).fix,
  },
  {
    name: 'undo',
    summary: 'take back what can be taken back of a run',
    args: [['<run>', 'as kc-doctor history names it']],
    options: [
      new Option('--yes', 'agree without being asked'),
      new Option('--reason <text>', 'why, for the journal'),
    ],
    load: async () => (await import('./commands/undo.ts')).undo,
  },
  {
    name: 'history',
    summary: 'who repaired what, newest first',
    args: [['[run]', 'one run with all of its steps']],
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    name: 'config',
    summary: 'every setting, its value and where it came from',
    load: async () => (await import('./commands/config.ts')).config,
  },
  {
    name: 'explain',
    summary: 'what a check, cause or repair means, offline',
    args: [['<id>', 'as it stands in a report, such as offsets/no-record-blocks']],
    load: async () => (await import('./commands/explain.ts')).explain,
  },
];

function commonOptions(): readonly Option[] {
  return [
    new Option('--format <format>', 'output for people or for programs').choices(FORMATS),
    new Option('--json', 'short for --format json'),
    new Option('--from <file>', 'read a snapshot instead of the live platform'),
    new Option('--since <time>', 'window: a duration (36h, 7d) or an ISO time (default: 7d)'),
    new Option('--timeout <seconds>', 'for the whole look (default: 15)'),
    new Option('--config <file>', 'configuration file (default: kc-doctor.json or .yaml of the project)'),
    new Option('--env <profile>', 'profile of the configuration file'),
    new Option('--project <name>', 'compose project, where Docker holds several'),
    new Option('--project-dir <dir>', 'folder with the compose file and the env files'),
    new Option('--fail-on <severity>', 'exit 1 on warnings too').choices(['warn']),
    new Option('--tz <zone>', 'time zone of shown times (default: UTC)'),
    new Option('--no-color', 'no colours'),
    new Option('--no-input', 'never ask'),
    new Option('--verbose', 'every check with its hint'),
  ];
}

/**
 * Reads the command line. Returns the chosen command, or the text of --help or --version; throws UsageError for anything that
 * is not understood.
 */
export async function readCommandLine(
  argv: readonly string[],
  version: string,
): Promise<Invocation | { readonly text: string }> {
  let chosen: Invocation | undefined;
  let text = '';
  const configure = (command: Commander) =>
    command
      .exitOverride()
      .configureOutput({
        writeOut: (chunk) => {
          text += chunk;
        },
        writeErr: () => {},
      })
      .allowExcessArguments(false)
      .helpCommand(false);
  const program = configure(new Commander('kc-doctor'))
    .description('Finds out why a paid course never appeared on a KodingCaravan platform.')
    .version(version, '-V, --version')
    .addHelpText(
      'after',
      '\nExit codes: 0 healthy, 1 findings, 2 usage or configuration, 3 could not look everywhere, 130 interrupted;' +
        '\nfix: 0 nothing to do or fixed, 1 something remains, 10 the plan has changes, 11 the plan is stale, ' +
        '12 failed and taken back, 13 a person must act',
    );
  for (const option of commonOptions()) program.addOption(option);
  const choose = (entry: Entry, command: Commander) => {
    const flags = flagsOf(program, command);
    refuseIdleFlags(entry, flags);
    refuseForeignFormat(entry, flags);
    chosen = { name: entry.name, load: entry.load, flags, args: command.args };
  };
  program.action(() => choose(DIAGNOSE, program));
  for (const entry of ENTRIES) {
    const command = configure(program.command(entry.name)).description(entry.summary);
    for (const [name, description] of entry.args ?? []) command.argument(name, description);
    for (const option of [...(entry.options ?? []), ...commonOptions()]) command.addOption(option);
    command.action(() => choose(entry, command));
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    throw usageError(error, program.args);
  }
  return chosen ?? { text };
}

function usageError(error: CommanderError, args: readonly string[]): UsageError {
  const [word] = args;
  // The program itself takes no argument: what stands there was meant as a command.
  if (error.code === 'commander.excessArguments' && word !== undefined && !isCommand(word)) {
    const hint = isUuid(word)
      ? `to follow a payment: kc-doctor trace ${word}`
      : `commands are ${ENTRIES.map(({ name }) => name).join(', ')}; see kc-doctor --help`;
    return new UsageError('KC_UNKNOWN_COMMAND', `no command is called "${word}"`, hint, { cause: error });
  }
  const message = error.message.replace(/^error: /, '').replace(/\n/g, ' ');
  return new UsageError('KC_USAGE', message, 'see kc-doctor --help', { cause: error });
}

const isCommand = (word: string): boolean => ENTRIES.some(({ name }) => name === word);

const JUDGING = ['diagnose', 'smoke'];

/** JUnit tells how checks came out. */
function refuseForeignFormat(entry: Entry, flags: Flags): void {
  if (flags.format !== 'junit' || JUDGING.includes(entry.name)) return;
  throw new UsageError(
    'KC_USAGE_FORMAT',
    `${entry.name} has no JUnit form`,
    `use --format json, or --format junit with ${JUDGING.join(' or ')}`,
  );
}

const LIVE_FLAGS = ['since', 'timeout', 'config', 'env', 'project', 'projectDir', 'wait', 'payment'] as const;
const NEVER_FROM_A_SNAPSHOT = ['config', 'history', 'undo'];

/** A flag without effect would be believed: a snapshot holds what was looked at when it was taken. */
function refuseIdleFlags(entry: Entry, flags: Flags): void {
  if (flags.from === undefined) return;
  if (NEVER_FROM_A_SNAPSHOT.includes(entry.name)) {
    throw new UsageError(
      'KC_USAGE_FROM',
      `--from has no effect on ${entry.name}, which is about the live platform`,
      'leave it out',
    );
  }
  const idle = LIVE_FLAGS.find((name) => flags[name] !== undefined);
  if (idle === undefined) return;
  throw new UsageError(
    'KC_USAGE_FROM',
    `--${idle === 'projectDir' ? 'project-dir' : idle} has no effect with --from: a snapshot holds what was looked at when it was taken`,
    'leave one of them out',
  );
}

/** Flags may stand before or after the command's name; what was typed wins over a default on either side. */
function flagsOf(program: Commander, command: Commander): Flags {
  const typed = (from: Commander) =>
    Object.fromEntries(
      Object.entries(from.opts()).filter(([name]) => from.getOptionValueSource(name) === 'cli'),
    );
  const options: Record<string, unknown> = { ...typed(program), ...typed(command) };
  const { json, ...rest } = options;
  return {
    verbose: false,
    color: true,
    input: true,
    check: false,
    ...rest,
    ...(json === true ? { format: 'json' } : {}),
  } as Flags;
}
