import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { openPrompter } from '../../../src/adapters/terminal/prompter.ts';
import type { Prompter } from '../../../src/ports/prompter.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ESC = '\u001b';
const DOWN = '\u001b[B';

/** Asks on a terminal of streams; the keys are typed once the question is shown. */
async function answered<Answer>(
  keys: string,
  ask: (prompter: Prompter, signal: AbortSignal) => Promise<Answer>,
): Promise<{ readonly answer: Answer | 'left'; readonly isInterrupted: boolean }> {
  const [stdin, stderr] = [new PassThrough(), new PassThrough()];
  const interrupted = new AbortController();
  const prompter = await openPrompter({
    stdin: stdin as unknown as NodeJS.ReadStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    onInterrupt: () => interrupted.abort(),
  });
  // Drawn first, listened to right after.
  stderr.once('data', () => setImmediate(() => stdin.write(keys)));
  const answer = await ask(prompter, interrupted.signal).catch(() => 'left' as const);
  return { answer, isInterrupted: interrupted.signal.aborted };
}

const CHOICES = [
  { title: 'start it', value: 'start' },
  { title: 'nothing', value: null },
];
const QUESTIONS = {
  choose: (prompter: Prompter, signal: AbortSignal) => prompter.choose('what?', CHOICES, signal),
  agree: (prompter: Prompter, signal: AbortSignal) => prompter.agree('really?', signal),
  type: (prompter: Prompter, signal: AbortSignal) => prompter.type('type it', signal),
} as const;

it.each([
  ['choose', '\r', 'start'],
  ['choose', `${DOWN}\r`, null],
  ['choose', CTRL_D, null],
  ['choose', ESC, null],
  ['agree', 'y\r', true],
  ['agree', '\r', false],
  ['agree', 'no\r', false],
  ['agree', CTRL_D, false],
  ['agree', ESC, false],
  ['type', 'here:1\r', 'here:1'],
  ['type', CTRL_D, ''],
  ['type', `here:1${ESC}`, ''],
] as const)('%s, answered with %j', async (question, keys, expected) => {
  const { answer, isInterrupted } = await answered<unknown>(keys, QUESTIONS[question]);
  expect({ answer, isInterrupted }).toEqual({ answer: expected, isInterrupted: false });
});

it.each(['choose', 'agree', 'type'] as const)('%s is left with Ctrl-C', async (question) => {
  expect(await answered<unknown>(CTRL_C, QUESTIONS[question])).toEqual({
    answer: 'left',
    isInterrupted: true,
  });
});
