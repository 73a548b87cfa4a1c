// Plays the recorded incidents: the same command that an operator types, on a snapshot instead of a live platform.
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
  console.log(`\n$ kc-doctor --from incidents/${name}\n`);
  const run = spawnSync(process.execPath, [bin, '--from', `incidents/${name}`], {
    cwd: root,
    stdio: 'inherit',
  });
  // 0 healthy and 1 findings are what recorded platforms come to; anything else is a failure of the demo.
  if (run.status !== 0 && run.status !== 1) process.exit(run.status ?? 1);
  console.log(`\nexit code ${run.status}`);
}
