import type { Context } from '../../src/context.ts';
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
    say: () => {},
    writeSnapshot: () => Promise.reject(new Error('nothing is written here')),
    settingRows: () => Promise.resolve([]),
    ...overrides,
  };
}
