import type { Choice, Prompter } from '../../ports/prompter.ts';

interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  /** Ctrl-C: inquirer holds the terminal in raw mode, so no signal reaches the process. */
  readonly onInterrupt: () => void;
}

/** What inquirer throws when somebody leaves a question with Ctrl-C. */
const LEFT = 'ExitPromptError';

/** Asks on standard error, so that standard output holds the result alone. inquirer is loaded here: +90 ms. */
export async function openPrompter({ stdin, stderr, onInterrupt }: Terminal): Promise<Prompter> {
  const { default: inquirer } = await import('inquirer');
  const asked =
    (signal: AbortSignal) =>
    async <Answer>(ask: (module: ReturnType<typeof inquirer.createPromptModule>) => Promise<Answer>) => {
      signal.throwIfAborted();
      try {
        return await ask(inquirer.createPromptModule({ input: stdin, output: stderr, signal }));
      } catch (error) {
        if (error instanceof Error && error.name === LEFT) onInterrupt();
        throw error;
      }
    };
  return {
    show: (text) => {
      stderr.write(text);
    },
    choose: async <Value>(message: string, choices: readonly Choice<Value>[], signal: AbortSignal) => {
      const listed = choices.map(({ title }, value) => ({ name: title, value }));
      const { index } = await asked(signal)((prompt) =>
        prompt<{ index: number }>([{ type: 'select', name: 'index', message, choices: listed }]),
      );
      const chosen = choices[index];
      if (chosen === undefined) throw new Error(`no such choice: ${index}`);
      return chosen.value;
    },
    agree: async (message, signal) => {
      const { agreed } = await asked(signal)((prompt) =>
        prompt<{ agreed: boolean }>([{ type: 'confirm', name: 'agreed', message, default: false }]),
      );
      return agreed;
    },
    type: async (message, signal) => {
      const { typed } = await asked(signal)((prompt) =>
        prompt<{ typed: string }>([{ type: 'input', name: 'typed', message }]),
      );
      return typed;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
