import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSnapshot } from '../../src/adapters/snapshot/snapshot-file.ts';
import type { PlatformState } from '../../src/platform/state.ts';
import { TOOL } from '../support/golden.ts';

/** An empty folder of a test's own. */
export interface Workplace extends AsyncDisposable {
  readonly folder: string;
  /** Returns the path. */
  write(name: string, text: string): Promise<string>;
  writeSnapshot(name: string, state: PlatformState): Promise<string>;
}

export async function openWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'kc-e2e-'));
  const at = (name: string) => join(folder, name);
  return {
    folder,
    write: async (name, text) => {
      await writeFile(at(name), text);
      return at(name);
    },
    writeSnapshot: async (name, state) => {
      await writeSnapshot(at(name), state, TOOL, []);
      return at(name);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Addresses at which nothing answers, so that a run meets no platform by chance. */
export const NOWHERE: Readonly<Record<string, string>> = {
  DOCKER_HOST: 'tcp://127.0.0.1:1',
  KAFKA_BROKERS: '127.0.0.1:1',
  POSTGRES_URL: 'postgres://kc@127.0.0.1:1/kc',
  ADMIN_SERVICE_URL: 'http://127.0.0.1:1',
};
