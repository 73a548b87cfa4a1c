import type { Context, RepairContext } from '../../src/context.ts';
import { PLAIN, TOOL } from './golden.ts';
import { ScriptedClock } from './scripted-clock.ts';

/** What a command may do, where nothing is looked at and nothing written unless the test says how. */
export function testContext(overrides: Partial<Context> = {}): Context {
  return {
    tool: TOOL,
    flags: { verbose: false, color: true, input: true, check: false, ...overrides.flags },
    format: 'human',
    view: PLAIN,
    failOnWarn: false,
    observe: () => Promise.reject(new Error('nothing is looked at here')),
    clock: new ScriptedClock(),
    waitMs: 0,
    signal: new AbortController().signal,
    show: () => undefined,
    say: () => {},
    writeSnapshot: () => Promise.reject(new Error('nothing is written here')),
    settingRows: () => Promise.resolve([]),
    repairs: NO_REPAIRS,
    ...overrides,
  };
}

const refused = () => Promise.reject(new Error('nothing is repaired here'));

const NO_REPAIRS: RepairContext = {
  operator: 'alice',
  host: 'test',
  isCi: false,
  canAsk: false,
  allowed: () => 'none',
  observeQuick: refused,
  openOperators: refused,
  openJournals: refused,
  openPrompter: refused,
  leaving: new AbortController().signal,
  leavesBehind: () => {},
  failPoint: async () => {},
  newRun: () => 'run',
  hash: (text) => text,
  readFile: refused,
  writeFile: refused,
};
