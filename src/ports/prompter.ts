/**
 * Terms. Prompter: asks whoever sits at the terminal. It is opened only where somebody does: standard input and standard error are
 * terminals, CI is not set, and there was no --no-input. Every method rejects when its signal is aborted or the person leaves.
 */
export interface Choice<Value> {
  readonly title: string;
  readonly value: Value;
}

export interface Prompter extends AsyncDisposable {
  /** Text as it is, ready for a terminal. */
  show(text: string): void;
  /** One of several, the first is proposed. */
  choose<Value>(question: string, choices: readonly Choice<Value>[], signal: AbortSignal): Promise<Value>;
  /** No is proposed. */
  agree(question: string, signal: AbortSignal): Promise<boolean>;
  type(question: string, signal: AbortSignal): Promise<string>;
}
