import { readFileSync } from 'node:fs';
import type { Outcome } from './context.ts';
import { DependencyError, DoctorError, StaleError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { OpenContextOptions } from './live-context.ts';
import { escapeControl } from './platform/escape.ts';
import type { Invocation } from './program.ts';
import type { Tool } from './report/result.ts';

/** Composition root: argv, environment, signals, adapters, exit code. The only place that ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  const tool = ownTool();
  const interrupt = new AbortController();
  const leave = new AbortController();
  const left: { commands: readonly string[] } = { commands: [] };
  const onSignal = () => {
    if (interrupt.signal.aborted) {
      leave.abort(new Interrupted());
      process.stderr.write(leavingText(left.commands), () => process.exit(EXIT.interrupted));
      return;
    }
    interrupt.abort(new Interrupted());
    if (left.commands.length > 0)
      process.stderr.write(
        '\nending this step and starting whatever was stopped; Ctrl-C again leaves at once\n',
      );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The terminal was closed or the connection to it is gone: the kernel and the shell both say so, and nobody is there to leave at once.
  process.on('SIGHUP', () => {
    if (!interrupt.signal.aborted) onSignal();
  });
  // Their errors reach the callbacks of `write`; without a listener they would end the process on their own.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const secrets: string[] = [];
  let outcome: Outcome;
  try {
    const invocation = await readArguments(argv, tool);
    outcome =
      'text' in invocation
        ? { exitCode: EXIT.healthy, text: invocation.text }
        : await run(invocation, {
            tool,
            signal: interrupt.signal,
            secrets,
            leaving: leave.signal,
            interrupt: () => interrupt.abort(new Interrupted()),
            leavesBehind: (commands) => {
              left.commands = commands;
            },
          });
    if (interrupt.signal.aborted && outcome.saysInterruption !== true) outcome = INTERRUPTED;
  } catch (error) {
    const caught = interrupt.signal.aborted ? INTERRUPTED : await failure(error, tool, secrets);
    outcome = left.commands.length === 0 ? caught : inTheMiddle(caught, left.commands);
  }
  process.exit(await deliver(outcome));
}

class Interrupted extends Error {}

const INTERRUPTED: Outcome = {
  exitCode: EXIT.interrupted,
  text: '',
  note: 'interrupted; nothing was changed\n',
};

/** A repair was under way: whatever went wrong, "nothing was changed" is not true. */
function inTheMiddle({ exitCode, note = '' }: Outcome, commands: readonly string[]): Outcome {
  const isInterrupted = exitCode === EXIT.interrupted;
  return {
    exitCode: isInterrupted ? exitCode : EXIT.needsPerson,
    text: '',
    note: `${isInterrupted ? '' : note.replace('; nothing was changed', '')}${leavingText(commands)}`,
  };
}

function leavingText(commands: readonly string[]): string {
  const typed = commands.map((command) => `  ${escapeControl(command)}\n`).join('');
  return typed === '' ? '\ninterrupted\n' : `\nleft in the middle of a repair; now type:\n${typed}`;
}

/** The version costs little more than Node itself: commander is not loaded for it. */
async function readArguments(
  argv: readonly string[],
  tool: Tool,
): Promise<Invocation | { readonly text: string }> {
  const [only, ...rest] = argv;
  if (rest.length === 0 && (only === '--version' || only === '-V')) return { text: `${tool.version}\n` };
  const { readCommandLine } = await import('./program.ts');
  return await readCommandLine(argv, tool.version);
}

function ownTool(): Tool {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return { name: 'kc-doctor', version };
}

async function run(
  invocation: Invocation,
  session: Omit<OpenContextOptions, 'flags' | 'environment' | 'cwd' | 'stdin' | 'stdout' | 'stderr'>,
): Promise<Outcome> {
  const command = await invocation.load();
  const { openContext } = await import('./live-context.ts');
  await using live = await openContext({
    ...session,
    flags: invocation.flags,
    environment: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  });
  return await command(live.context, invocation.args);
}

/** One clear sentence for what the operator or a system did; a stack only for our own defects. */
async function failure(error: unknown, tool: Tool, secrets: readonly string[]): Promise<Outcome> {
  const { maskSecrets } = await import('./platform/mask.ts');
  if (error instanceof DoctorError) {
    const details = error.details.map((detail) => `  - ${detail}\n`).join('');
    return {
      exitCode: exitCodeOf(error),
      text: '',
      note: maskSecrets(`kc-doctor: ${error.message}\n${details}  ${error.hint}\n`, secrets),
    };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const intro = `kc-doctor ${tool.version} met a defect of its own; nothing was changed. Please report it:`;
  return { exitCode: EXIT.inconclusive, text: '', note: maskSecrets(`${intro}\n${stack}\n`, secrets) };
}

function exitCodeOf(error: DoctorError): number {
  if (error instanceof StaleError) return EXIT.stale;
  return error instanceof DependencyError ? EXIT.inconclusive : EXIT.usage;
}

/** Writes result and note, and says what to end with: a result that nobody got is no result. */
async function deliver({ exitCode, text, note = '' }: Outcome): Promise<number> {
  const lost = await write(process.stdout, text);
  const complaint = lost === null ? '' : `kc-doctor: the result could not be written (${lost})\n`;
  // Nobody is left to be told where standard error is gone as well.
  await write(process.stderr, `${note}${complaint}`.split('\n').map(escapeControl).join('\n'));
  return lost === null ? exitCode : EXIT.inconclusive;
}

/** Null once it is written, or else the code of the error. A reader that has seen enough (head, less) is no failure. */
function write(stream: NodeJS.WriteStream, text: string): Promise<string | null> {
  if (text === '') return Promise.resolve(null);
  return new Promise((resolve) => {
    stream.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      const isFine = error === null || error === undefined || error.code === 'EPIPE';
      resolve(isFine ? null : (error.code ?? error.message));
    });
  });
}
