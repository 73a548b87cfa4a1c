import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { measureInTurns } from './pairs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const BIN = process.env['KC_DOCTOR_BIN'] ?? `${root}bin/kc-doctor.js`;
const ROUNDS = 41;

/** Most times as long as Node alone (design.md 6): the version costs little more, the help loads commander. */
const LIMITS: Readonly<Record<string, number>> = { '--version': 1.5, '--help': 2 };

/** What it costs to start kc-doctor beside `node -e 0`, in turns. Returns whether the limits hold. */
export function start(): boolean {
  if (!existsSync(BIN)) throw new Error(`${BIN} does not exist: npm run build`);
  const [load = 0] = loadavg();
  const { baselineMs, results } = measureInTurns(
    () => node('-e', '0'),
    Object.fromEntries(Object.keys(LIMITS).map((flag) => [flag, () => node(BIN, flag)])),
    ROUNDS,
  );
  const rows = Object.entries(results).map(([flag, { medianMs, ratio }]) =>
    [`kc-doctor ${flag}`, ms(medianMs), ratio.toFixed(2), (LIMITS[flag] ?? 0).toFixed(1)].join(' | '),
  );
  process.stdout.write(
    [
      `Node ${process.version}, ${cpus().length} cores, load ${load.toFixed(1)}, ${ROUNDS} rounds`,
      '',
      '| command | median | ratio | limit |',
      '|---|---|---|---|',
      `| node -e 0 | ${ms(baselineMs)} | 1.00 | |`,
      ...rows.map((row) => `| ${row} |`),
      '',
    ].join('\n'),
  );
  return Object.entries(results).every(([flag, { ratio }]) => ratio <= (LIMITS[flag] ?? 0));
}

function node(...args: readonly string[]): void {
  const run = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (run.status !== 0) throw new Error(`node ${args.join(' ')} ended with ${run.status ?? run.signal}`);
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;
