import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why no terminal can be had here, or null. */
export const tmuxMissing: string | null =
  spawnSync('tmux', ['-V']).status === 0 ? null : 'tmux is not on the PATH';

/** Of a wait that names no other; a look at a lab takes up to 20 s. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 50;

export interface Terminal extends AsyncDisposable {
  /** Types a line and Return. */
  type(line: string): Promise<void>;
  /** A key by tmux's name: "C-c". */
  press(key: string): Promise<void>;
  /**
   * All that was shown, scrolled away or not. `withColours` keeps the escape sequences; `unbroken` joins what the terminal broke at its
   * edge.
   */
  screen(options?: { readonly withColours?: boolean; readonly unbroken?: boolean }): Promise<string>;
  /** Keeps every byte that reaches the terminal from now on. */
  record(file: string): Promise<void>;
  /** The screen once the pattern is on it; `withinMs` replaces half a minute. */
  until(pattern: RegExp, withinMs?: number): Promise<string>;
  /** Types a line on an empty screen, so that all that is seen comes of it; `end` gives its exit code. */
  start(line: string): Promise<void>;
  end(withinMs?: number): Promise<number>;
  /** Whether the shell got it back as it was: echo, line editing, Ctrl-C, a cursor. */
  isSane(): Promise<boolean>;
}

const COLUMNS = 100;

/** A terminal with a bare shell in `folder`, on a tmux server of its own. Disposing closes it as a lost connection would. */
export async function openTerminal(
  folder: string,
  environment: Readonly<Record<string, string>>,
  { columns = COLUMNS }: { readonly columns?: number } = {},
): Promise<Terminal> {
  const server = `kc-${randomBytes(4).toString('hex')}`;
  const tmux = async (...args: readonly string[]) =>
    (
      await run('tmux', ['-L', server, '-f', '/dev/null', ...args], {
        env: { ...process.env, TMUX_TMPDIR: folder },
      })
    ).stdout;
  const settings = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    PS1: 'ready> ',
    ...environment,
  };
  await tmux(
    ...['new-session', '-d', '-x', String(columns), '-y', '50', '-c', folder],
    ...[
      'env',
      '-i',
      'TERM=screen-256color',
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ],
    ...['bash', '--norc', '--noprofile'],
  );
  const screen: Terminal['screen'] = async ({ withColours = false, unbroken = false } = {}) => {
    const flags = [...(withColours ? ['-e'] : []), ...(unbroken ? ['-J'] : [])];
    return (await tmux('capture-pane', '-p', '-S', '-', ...flags)).trimEnd();
  };
  const until = async (pattern: RegExp, withinMs = PATIENCE_MS) => {
    const beganMs = performance.now();
    for (;;) {
      const shown = await screen();
      if (pattern.test(shown)) return shown;
      if (performance.now() - beganMs > withinMs) throw new Error(`no ${pattern} on the screen:\n${shown}`);
      await sleep(LOOK_EVERY_MS);
    }
  };
  const close = async () => {
    await tmux('kill-server');
  };
  try {
    await until(/^ready>/m);
  } catch (error) {
    await close();
    throw error;
  }
  const type: Terminal['type'] = async (line) => {
    await tmux('send-keys', '-l', line);
    await tmux('send-keys', 'Enter');
  };
  const start: Terminal['start'] = async (line) => {
    await tmux('send-keys', '-R', ';', 'clear-history');
    await type(`${line}; echo "end=$?"`);
  };
  return {
    type,
    start,
    end: async (withinMs) => Number(/^end=(\d+)$/m.exec(await until(/^end=\d+$/m, withinMs))?.[1]),
    isSane: async () => {
      const cursor = await tmux('display-message', '-p', '#{cursor_flag}');
      await start('stty -a | tr " ;" "\\n\\n" | grep -xE -- "-?(icanon|echo|isig)" | sort | xargs');
      const shown = await until(/^end=0$/m);
      return cursor.trim() === '1' && /^echo icanon isig$/m.test(shown);
    },
    press: async (key) => {
      await tmux('send-keys', key);
    },
    screen,
    record: async (file) => {
      await tmux('pipe-pane', '-o', `exec cat > '${file}'`);
    },
    until,
    [Symbol.asyncDispose]: close,
  };
}
