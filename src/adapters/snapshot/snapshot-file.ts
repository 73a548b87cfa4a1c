import { randomBytes } from 'node:crypto';
import { readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { decode, encode } from '../../platform/codec.ts';
import type { PlatformState } from '../../platform/state.ts';
import { redact } from './redact.ts';

const KIND = 'kc-doctor snapshot';
/** Raised when a reader of this version could misunderstand a file; fields that are only added keep it. */
const SNAPSHOT_VERSION = 1;

/** Writes what was observed, redacted once more, whole or not at all, and readable for its owner alone. */
export async function writeSnapshot(
  path: string,
  state: PlatformState,
  tool: { readonly name: string; readonly version: string },
  secrets: readonly string[],
): Promise<void> {
  const document = {
    kind: KIND,
    schemaVersion: SNAPSHOT_VERSION,
    tool: { name: tool.name, version: tool.version },
    state: redact(state, secrets),
  };
  try {
    await writeWhole(path, `${encode(document)}\n`);
  } catch (cause) {
    throw new UsageError(
      'KC_SNAPSHOT_WRITE',
      `the snapshot could not be written to ${path} (${codeOf(cause)})`,
      'name a file in a folder that you may write to, with -o',
      { cause },
    );
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const existing = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  // A pipe or terminal (/dev/stdout) is written to; renaming would put a file in its place.
  if (existing !== null && !existing.isFile()) return writeFile(path, text);
  const target = existing === null ? path : await realpath(path);
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`);
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Throws UsageError, in one sentence, for a file that is no snapshot of a version that is known. */
export async function readSnapshot(path: string): Promise<PlatformState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const why = codeOf(cause) === 'ENOENT' ? 'does not exist' : `cannot be read (${codeOf(cause)})`;
    throw new UsageError(
      'KC_SNAPSHOT_READ',
      `${path} ${why}`,
      'name a file that kc-doctor snapshot wrote, with --from',
      { cause },
    );
  }
  return stateOf(text, path);
}

async function stateOf(text: string, path: string): Promise<PlatformState> {
  let document: unknown;
  try {
    document = decode(text);
  } catch (cause) {
    const begun = text.trimStart().startsWith(`{"kind":"${KIND}"`);
    throw begun ? damaged(path, 'is cut off or damaged', cause) : notSnapshot(path, cause);
  }
  if (typeof document !== 'object' || document === null || !('kind' in document) || document.kind !== KIND) {
    throw notSnapshot(path);
  }
  const version = 'schemaVersion' in document ? document.schemaVersion : null;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw damaged(path, 'does not say its version');
  }
  if (version > SNAPSHOT_VERSION) {
    const writer = 'tool' in document ? writerOf(document.tool) : '';
    throw new UsageError(
      'KC_SNAPSHOT_NEWER',
      `${path} is a snapshot of version ${version}${writer}, and this kc-doctor reads up to ${SNAPSHOT_VERSION}`,
      'update kc-doctor to read it',
    );
  }
  const { stateSchema } = await import('./state-schema.ts');
  const result = stateSchema.safeParse('state' in document ? document.state : undefined);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined ? '' : ` at ${['state', ...issue.path.map(String)].join('.')}`;
  throw damaged(path, `does not hold what a snapshot holds${where}`, result.error);
}

function writerOf(tool: unknown): string {
  const version = typeof tool === 'object' && tool !== null && 'version' in tool ? tool.version : null;
  return typeof version === 'string' && /^[\w.+-]{1,40}$/.test(version)
    ? `, written by kc-doctor ${version}`
    : '';
}

function notSnapshot(path: string, cause?: unknown): UsageError {
  return new UsageError(
    'KC_SNAPSHOT_FOREIGN',
    `${path} is not a snapshot of kc-doctor`,
    'name a file that kc-doctor snapshot wrote, with --from',
    {
      cause,
    },
  );
}

function damaged(path: string, what: string, cause?: unknown): UsageError {
  return new UsageError(
    'KC_SNAPSHOT_DAMAGED',
    `the snapshot ${path} ${what}`,
    'take it again, or ask for the whole file',
    { cause },
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown error';
}
