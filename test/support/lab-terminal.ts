import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import { BIN } from './doctor.ts';
import { openTerminal, type Terminal } from './terminal.ts';

export const COLUMNS = 80;

/** Seconds for a look: a machine that does more than this test may be slow. */
const PATIENCE = '60';

/**
 * A terminal of 80 columns where `kc-doctor` is the built binary, run in the lab's project directory and told which lab. Another
 * configuration than the lab's own leads it through proxies.
 */
export async function openLabTerminal(
  lab: Lab,
  home: string,
  options: { readonly configFile?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<Terminal> {
  const { configFile = lab.configFile, environment = {} } = options;
  const programs = join(home, 'bin');
  await mkdir(programs, { recursive: true });
  const where = ['--project', lab.project, '--config', configFile, '--timeout', PATIENCE];
  const words = [process.execPath, BIN, '"$@"', ...where];
  await writeFile(
    join(programs, 'kc-doctor'),
    `#!/bin/sh\ncd ${lab.projectDirectory} && exec ${words.join(' ')}\n`,
    { mode: 0o755 },
  );
  const path = `${programs}:${process.env['PATH'] ?? ''}`;
  return openTerminal(home, { PATH: path, ...environment }, { columns: COLUMNS });
}
