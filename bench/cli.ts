import { start } from './start.ts';

const BENCHES: Readonly<Record<string, () => boolean>> = { start };

const [name = ''] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  process.stderr.write(`name one: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exit(2);
}
if (!bench()) {
  process.stderr.write('a limit is missed\n');
  process.exitCode = 1;
}
