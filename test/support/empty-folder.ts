import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder with nothing in it: no env file, no configuration. */
export async function emptyFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'kc-doctor-test-'));
  // A program that ends may still take its own file away.
  const dispose = () => rm(path, { recursive: true, force: true, maxRetries: 10 });
  return { path, [Symbol.asyncDispose]: dispose };
}
