import type { Choice, Prompter } from '../../ports/prompter.ts';

interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  /** Ctrl-C: inquirer holds the terminal in raw mode, so no signal reaches the process. */
  readonly onInterrupt: () => void;
}

/** What inquirer throws when somebody leaves a question with Ctrl-C. */
const LEFT = 'ExitPromptError';

/** Of Node's readline. */
interface Key {
  readonly name?: string;
  readonly ctrl?: boolean;
}

/** Ctrl-D and Esc answer nothing. inquirer ignores the one and is deaf after the other, since readline has closed. */
function endsQuestion({ name, ctrl }: Key): boolean {
  return name === 'escape' || (name === 'd' && ctrl === true);
}

type Ask = ReturnType<typeof import('inquirer')['default']['createPromptModule']>;

/** Asks on standard error, so that standard output holds the result alone. inquirer is loaded here: +90 ms. */
export async function openPrompter({ stdin, stderr, onInterrupt }: Terminal): Promise<Prompter> {
  const { default: inquirer } = await import('inquirer');
  /** Null: no answer was given. */
  const asked = async <Answer>(
    signal: AbortSignal,
    ask: (prompt: Ask) => Promise<Answer>,
  ): Promise<Answer | null> => {
    signal.throwIfAborted();
    const ended = new AbortController();
    const onKey = (_text: string | undefined, key: Key) => {
      if (endsQuestion(key)) ended.abort();
    };
    stdin.on('keypress', onKey);
    try {
      const both = AbortSignal.any([signal, ended.signal]);
      return await ask(inquirer.createPromptModule({ input: stdin, output: stderr, signal: both }));
    } catch (error) {
      if (error instanceof Error && error.name === LEFT) onInterrupt();
      else if (ended.signal.aborted && !signal.aborted) return null;
      throw error;
    } finally {
      stdin.off('keypress', onKey);
    }
  };
  return {
    show: (text) => {
      stderr.write(text);
    },
    choose: async <Value>(message: string, choices: readonly Choice<Value>[], signal: AbortSignal) => {
      const listed = choices.map(({ title }, value) => ({ name: title, value }));
      const answer = await asked(signal, (prompt) =>
        prompt<{ index: number }>([{ type: 'select', name: 'index', message, choices: listed }]),
      );
      if (answer === null) return null;
      const chosen = choices[answer.index];
      if (chosen === undefined) throw new Error(`no such choice: ${answer.index}`);
      return chosen.value;
    },
    agree: async (message, signal) => {
      const answer = await asked(signal, (prompt) =>
        prompt<{ agreed: boolean }>([{ type: 'confirm', name: 'agreed', message, default: false }]),
      );
      return answer?.agreed === true;
    },
    type: async (message, signal) => {
      const answer = await asked(signal, (prompt) =>
        prompt<{ typed: string }>([{ type: 'input', name: 'typed', message }]),
      );
      return answer?.typed ?? '';
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
