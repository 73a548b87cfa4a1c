import type { Ora } from 'ora';
import { escapeControl } from '../../platform/escape.ts';
import type { Observer } from '../../ports/progress.ts';

type Environment = Readonly<Record<string, string | undefined>>;

type TerminalStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** A sign of life on standard error while the platform is looked at. Stop it before anything else is written. */
export interface Progress extends AsyncDisposable {
  readonly observer: Observer;
  stop(): Promise<void>;
}

const MAX_NAMED = 3;

/**
 * A spinner on a terminal; silence in a pipe, under CI, and on a dumb terminal. ora is loaded only
 * if it will be seen (+45 ms).
 */
export async function openProgress(stream: TerminalStream, environment: Environment): Promise<Progress> {
  if (!mayAnimate(stream, environment)) return silent;
  const { default: ora } = await import('ora');
  const spinner = ora({
    // Decided above by this stream and environment; ora would ask the process.
    isEnabled: true,
    text: 'looking',
    stream,
    // ora would put stdin into raw mode and swallow Ctrl-C and the keys of a later prompt.
    discardStdin: false,
    hideCursor: false,
    ...((environment['NO_COLOR'] ?? '') === '' ? {} : { color: false as const }),
  });
  return animated(spinner);
}

const silent: Progress = {
  observer: () => {},
  stop: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

function mayAnimate(stream: TerminalStream, environment: Environment): boolean {
  const ci = environment['CI'] ?? '';
  return stream.isTTY === true && environment['TERM'] !== 'dumb' && (ci === '' || ci === 'false');
}

function animated(spinner: Ora): Progress {
  const waitingFor: string[] = [];
  const show = () => {
    spinner.text = progressText(waitingFor);
  };
  spinner.start();
  const stop = async () => {
    spinner.stop();
  };
  return {
    observer: (event) => {
      const part = escapeControl(`${event.system}: ${event.what}`);
      if (event.kind === 'part-started') waitingFor.push(part);
      else waitingFor.splice(waitingFor.indexOf(part), waitingFor.includes(part) ? 1 : 0);
      show();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * What is still awaited, the oldest first.
 * @internal exported for its tests
 */
export function progressText(waitingFor: readonly string[]): string {
  if (waitingFor.length === 0) return 'looking';
  const named = waitingFor.slice(0, MAX_NAMED).join(', ');
  const rest = waitingFor.length - MAX_NAMED;
  return `looking at ${named}${rest > 0 ? ` and ${rest} more` : ''}`;
}
