import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';

/** $XDG_STATE_HOME/kc-doctor/<platform>.journal, else below ~/.local/state (XDG base directory specification 0.8). */
export function journalPath(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
  platform: string,
): string {
  const stated = environment['XDG_STATE_HOME'];
  // The specification says that a relative path is to be ignored.
  const state = stated !== undefined && isAbsolute(stated) ? stated : join(home, '.local', 'state');
  return join(state, 'kc-doctor', `${fileName(platform)}.journal`);
}

/** Two platforms never share a file, whatever their names are made of. */
function fileName(platform: string): string {
  if (/^[\w-][\w.-]{0,99}$/.test(platform)) return platform;
  const readable = platform.replace(/[^\w-]+/g, '_').slice(0, 40);
  return `${readable}-${createHash('sha256').update(platform).digest('hex').slice(0, 12)}`;
}
