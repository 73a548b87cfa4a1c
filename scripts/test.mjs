// Runs the tests as far as this machine allows, and says in its last lines what it could not run and why.
// With KC_LIVE=required a missing system fails its tests instead (test/support/live.ts).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const args = process.argv.slice(2);
const projects = args.includes('--long') ? ['long'] : ['unit', 'contract', 'e2e', 'live'];
const others = args.filter((arg) => arg !== '--long');

const directory = mkdtempSync(join(tmpdir(), 'kc-doctor-test-'));
const report = join(directory, 'report.json');
const run = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...others,
  ],
  { stdio: 'inherit' },
);

let results;
try {
  results = JSON.parse(readFileSync(report, 'utf8'));
} catch (error) {
  console.error(`the test runner left no report (${error.message})`);
  process.exit(run.status || 1);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

const notRun = new Map();
for (const file of results.testResults) {
  for (const test of file.assertionResults) {
    if (test.status !== 'skipped' && test.status !== 'pending') continue;
    const why = /\[not run: ([^\]]*)\]/.exec(test.fullName)?.[1] ?? 'skipped without a reason';
    notRun.set(why, (notRun.get(why) ?? 0) + 1);
  }
}
for (const [why, count] of notRun) console.log(`not run: ${count} tests, ${why}`);
const failed = results.numFailedTests + (run.status !== 0 && results.numFailedTests === 0 ? 1 : 0);
console.log(`${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests} skipped`);
process.exit(run.status ?? 1);
