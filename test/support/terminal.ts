import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why no terminal can be had here, or null. */
export const tmuxMissing: string | null =
  spawnSync('tmux', ['-V']).status === 0 ? null : 'tmux is not on the PATH';

const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 50;

export interface Terminal extends AsyncDisposable {
  /** Types a line and Return. */
  type(line: string): Promise<void>;
  /** A key by tmux's name: "C-c". */
  press(key: string): Promise<void>;
  /** All that was shown, scrolled away or not; `withColours` keeps the escape sequences. */
  screen(options?: { readonly withColours: boolean }): Promise<string>;
  /** Keeps every byte that reaches the terminal from now on. */
  record(file: string): Promise<void>;
  /** The screen once the pattern is on it. */
  until(pattern: RegExp): Promise<string>;
}

/** A terminal of 100 columns with a bare shell in `folder`, on a tmux server of its own. */
export async function openTerminal(
  folder: string,
  environment: Readonly<Record<string, string>>,
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
    ...['new-session', '-d', '-x', '100', '-y', '50', '-c', folder],
    ...[
      'env',
      '-i',
      'TERM=screen-256color',
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ],
    ...['bash', '--norc', '--noprofile'],
  );
  const screen: Terminal['screen'] = (options) =>
    tmux('capture-pane', '-p', '-S', '-', ...(options?.withColours === true ? ['-e'] : []));
  const until = async (pattern: RegExp) => {
    const beganMs = performance.now();
    for (;;) {
      const shown = await screen();
      if (pattern.test(shown)) return shown;
      if (performance.now() - beganMs > PATIENCE_MS)
        throw new Error(`no ${pattern} on the screen:\n${shown}`);
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
  return {
    type: async (line) => {
      await tmux('send-keys', '-l', line);
      await tmux('send-keys', 'Enter');
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
