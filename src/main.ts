import { readFileSync } from 'node:fs';
import type { Outcome } from './context.ts';
import { DoctorError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import { type Invocation, readCommandLine } from './program.ts';
import type { Tool } from './report/result.ts';

/** Composition root: argv, environment, signals, adapters, exit code. The only place that ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  const tool = ownTool();
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort(new Interrupted()));
  process.once('SIGTERM', () => interrupt.abort(new Interrupted()));
  // A reader that closes its end early (head, less) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
  let outcome: Outcome;
  try {
    const invocation = await readCommandLine(argv, tool.version);
    outcome =
      'text' in invocation
        ? { exitCode: EXIT.healthy, text: invocation.text }
        : await run(invocation, tool, interrupt.signal);
  } catch (error) {
    outcome = interrupt.signal.aborted
      ? {
          exitCode: EXIT.interrupted,
          text: '',
          note: 'interrupted; looking changes nothing, so there is nothing to undo\n',
        }
      : await failure(error, tool);
  }
  await write(process.stdout, outcome.text);
  await write(process.stderr, outcome.note ?? '');
  process.exit(outcome.exitCode);
}

class Interrupted extends Error {}

function ownTool(): Tool {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return { name: 'kc-doctor', version };
}

async function run(invocation: Invocation, tool: Tool, signal: AbortSignal): Promise<Outcome> {
  const command = await invocation.load();
  const { openContext } = await import('./live-context.ts');
  await using live = await openContext({
    flags: invocation.flags,
    tool,
    signal,
    environment: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
  });
  return await command(live.context, invocation.args);
}

/** One clear sentence for what the operator or a system did; a stack only for our own defects. */
async function failure(error: unknown, tool: Tool): Promise<Outcome> {
  const { escapeControl } = await import('./platform/escape.ts');
  const { maskSecrets } = await import('./platform/mask.ts');
  const clean = (text: string): string => maskSecrets(text, []).split('\n').map(escapeControl).join('\n');
  if (error instanceof DoctorError) {
    const details = error.details.map((detail) => `  - ${detail}\n`).join('');
    return {
      exitCode: EXIT.usage,
      text: '',
      note: clean(`kc-doctor: ${error.message}\n${details}  ${error.hint}\n`),
    };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: EXIT.inconclusive,
    text: '',
    note: clean(
      `kc-doctor ${tool.version} met a defect of its own; nothing was changed. Please report it:\n${stack}\n`,
    ),
  };
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (text === '') return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}
