import { createHash } from 'node:crypto';
import type { Context, Flags, RepairContext } from '../../src/context.ts';
import { UsageError } from '../../src/errors.ts';
import type { Choice, Prompter } from '../../src/ports/prompter.ts';
import type { SimulatedPlatform } from './simulated-platform.ts';

/** What somebody at the terminal answers, in the order of the questions: the n-th choice, yes or no, a text. */
export type Answer = number | boolean | string;

export interface ContextOptions {
  readonly flags?: Partial<Flags>;
  readonly isCi?: boolean;
  /** Present: somebody sits at the terminal. */
  readonly answers?: readonly Answer[];
  readonly operator?: string;
  readonly allowed?: ReturnType<RepairContext['allowed']>;
}

/** A command's whole surroundings on a simulated platform, with files in memory. */
export class SimulatedSurroundings {
  readonly files = new Map<string, string>();
  readonly said: string[] = [];
  readonly shown: string[] = [];
  readonly questions: string[] = [];
  readonly #platform: SimulatedPlatform;
  #runs = 0;

  constructor(platform: SimulatedPlatform) {
    this.#platform = platform;
  }

  context(options: ContextOptions = {}): Context {
    const platform = this.#platform;
    const flags: Flags = { verbose: false, color: false, input: true, check: false, ...options.flags };
    return {
      tool: { name: 'kc-doctor', version: '0.0.0' },
      flags,
      format: flags.format ?? 'human',
      view: { colour: false, unicode: true, width: 100, timeZone: 'UTC', verbose: false },
      failOnWarn: false,
      observe: (asked) => platform.look(asked),
      clock: platform.clock,
      waitMs: 0,
      signal: new AbortController().signal,
      say: (line) => {
        this.said.push(line);
      },
      show: (text) => {
        this.shown.push(text);
      },
      writeSnapshot: async () => undefined,
      settingRows: async () => [],
      repairs: this.#repairs(options),
    };
  }

  #repairs(options: ContextOptions): RepairContext {
    const platform = this.#platform;
    const { operator = 'alice', isCi = false, answers, allowed = 'all' } = options;
    return {
      operator,
      host: 'here',
      isCi,
      canAsk: answers !== undefined && !isCi,
      allowed: () => allowed,
      observeQuick: (asked) => platform.look(asked, 'quick'),
      openOperators: async () => ({
        runtime: platform.runtime.runtime(),
        kafka: platform.kafka.operator(),
        ledger: platform.ledger.open(),
        file: platform.journalFile(),
        [Symbol.asyncDispose]: async () => undefined,
      }),
      openJournals: async () => [platform.ledger.open(), platform.journalFile()],
      openPrompter: async () => this.#prompter([...(answers ?? [])]),
      leaving: new AbortController().signal,
      leavesBehind: () => undefined,
      failPoint: async () => undefined,
      newRun: () => `run${++this.#runs}`,
      hash: (text) => createHash('sha256').update(text).digest('hex'),
      readFile: async (path) => {
        const text = this.files.get(path);
        if (text === undefined) throw new UsageError('KC_FILE_UNREADABLE', `${path} could not be read`, '');
        return text;
      },
      writeFile: async (path, text) => {
        this.files.set(path, text);
      },
    };
  }

  #prompter(answers: Answer[]): Prompter {
    const next = (question: string): Answer => {
      this.questions.push(question);
      const answer = answers.shift();
      if (answer === undefined) throw new Error(`nobody answers: ${question}`);
      return answer;
    };
    return {
      show: (text) => {
        this.shown.push(text);
      },
      choose: async <Value>(question: string, choices: readonly Choice<Value>[]) => {
        const at = Number(next(`${question} ${choices.map(({ title }) => title).join(' | ')}`));
        const chosen = choices.at(at);
        if (chosen === undefined) throw new Error(`no choice ${at}`);
        return chosen.value;
      },
      agree: async (question) => next(question) === true,
      type: async (question) => String(next(question)),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}
