// Plays the recorded incidents: the same commands that an operator types, on a snapshot instead of a live platform.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = fileURLToPath(new URL('../bin/kc-doctor.js', import.meta.url));
const incidents = readdirSync(new URL('../incidents', import.meta.url))
  .filter((name) => name.endsWith('.json'))
  .sort();
if (incidents.length === 0) {
  console.error('no recorded incident is in incidents/');
  process.exit(1);
}
for (const name of incidents) {
  const from = ['--from', `incidents/${name}`];
  play(from);
  const payment = firstStuck(from);
  if (payment === undefined) continue;
  play(['trace', payment, ...from]);
  play(['fix', '--dry-run', ...from]);
}

function play(args) {
  console.log(`\n$ kc-doctor ${args.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [bin, ...args], { cwd: root, stdio: 'inherit' });
  // 0 healthy and 1 findings are what recorded platforms come to; anything else is a failure of the demo.
  if (status !== 0 && status !== 1) process.exit(status ?? 1);
  console.log(`\nexit code ${status}`);
}

function firstStuck(from) {
  const { stdout } = spawnSync(process.execPath, [bin, '--json', ...from], { cwd: root, encoding: 'utf8' });
  return JSON.parse(stdout).cohorts.find(({ kind }) => kind === 'stuck')?.payments[0];
}
