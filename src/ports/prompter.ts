/**
 * Terms. Prompter: asks whoever sits at the terminal. It is opened only where somebody does: standard input and standard error are
 * terminals, CI is not set, and there was no --no-input. Every method rejects when its signal is aborted or the person leaves
 * with Ctrl-C. A question that is ended without an answer (Ctrl-D, Esc) is answered with the least.
 */
export interface Choice<Value> {
  readonly title: string;
  readonly value: Value;
}

export interface Prompter extends AsyncDisposable {
  /** Text as it is, ready for a terminal. */
  show(text: string): void;
  /** One of several, the first is proposed. Null: none was chosen. */
  choose<Value>(
    question: string,
    choices: readonly Choice<Value>[],
    signal: AbortSignal,
  ): Promise<Value | null>;
  /** No is proposed. */
  agree(question: string, signal: AbortSignal): Promise<boolean>;
  /** Empty where nothing was typed. */
  type(question: string, signal: AbortSignal): Promise<string>;
}
