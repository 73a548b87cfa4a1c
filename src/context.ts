import type { SettingRow } from './config/rows.ts';
import type { PaymentId } from './platform/ids.ts';
import type { LookupQuestion } from './platform/lookup.ts';
import type { PlatformState } from './platform/state.ts';
import type { Clock } from './ports/clock.ts';
import type { Prompter } from './ports/prompter.ts';
import type { RunJournalReader } from './ports/run-ledger.ts';
import type { Grant } from './repair/consent.ts';
import type { FailPoint, Operators } from './repair/session.ts';
import type { Presentation, Tool } from './report/result.ts';

export const FORMATS = ['human', 'json', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

/** Flags as given, all optional; what they mean is decided in config. */
export interface Flags {
  readonly format?: Format;
  readonly from?: string;
  readonly since?: string;
  readonly timeout?: string;
  readonly config?: string;
  readonly env?: string;
  readonly project?: string;
  readonly projectDir?: string;
  readonly failOn?: string;
  readonly tz?: string;
  readonly output?: string;
  readonly wait?: string;
  readonly payment?: readonly string[];
  readonly student?: string;
  readonly course?: string;
  readonly purchase?: string;
  readonly allocation?: string;
  readonly stage?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly confirm?: string;
  readonly plan?: string;
  readonly planOut?: string;
  readonly reason?: string;
  readonly includeOlder?: boolean;
  readonly resume?: string;
  readonly detailedExitcode?: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly input: boolean;
  readonly check: boolean;
}

/** What a command may do. Adapters stay behind it: a command never meets a client library. */
export interface Context {
  readonly tool: Tool;
  readonly flags: Flags;
  readonly format: Format;
  /** How standard output may be written. Ask for it after observing: configuration may name the time zone. */
  readonly view: Presentation;
  /** Exit 1 on warnings too. Ask after observing, as for `view`. */
  readonly failOnWarn: boolean;
  /** Live, or from the snapshot that --from names. May be asked again: what one look opened is closed by the next. */
  readonly observe: (
    asked: readonly PaymentId[],
    lookups?: readonly LookupQuestion[],
  ) => Promise<PlatformState>;
  readonly clock: Clock;
  /** How long --wait allows; 0 without it. */
  readonly waitMs: number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** One line on standard error, at once. */
  readonly say: (line: string) => void;
  /** A part of standard output that must be there before the rest is known: the plan, before it is applied. */
  readonly show: (text: string) => void;
  readonly writeSnapshot: (file: string, state: PlatformState) => Promise<void>;
  /** Every setting with its value (secrets masked) and where it came from. */
  readonly settingRows: () => Promise<readonly SettingRow[]>;
  readonly repairs: RepairContext;
}

/** What only `fix`, `undo` and `history` need. Ask for anything of the platform after observing: only then is it known where it is. */
export interface RepairContext {
  /** Who is at work, and where. */
  readonly operator: string;
  readonly host: string;
  /** CI is set: nobody watches. */
  readonly isCi: boolean;
  /** Somebody sits at the terminal and may be asked. */
  readonly canAsk: boolean;
  /** Repairs that the profile allows. */
  readonly allowed: () => 'all' | 'none' | readonly string[];
  /** Without the repeated polls, which take seconds. */
  readonly observeQuick: (asked: readonly PaymentId[]) => Promise<PlatformState>;
  readonly openOperators: (grant: Grant) => Promise<Operators>;
  /** Every place that may know of runs: the shared journal where the database is known, and the local file. */
  readonly openJournals: () => Promise<readonly RunJournalReader[]>;
  readonly openPrompter: () => Promise<Prompter>;
  /** Aborted by the second Ctrl-C. */
  readonly leaving: AbortSignal;
  /** Commands that are printed if the process leaves now. */
  readonly leavesBehind: (commands: readonly string[]) => void;
  readonly failPoint: FailPoint;
  readonly newRun: () => string;
  readonly hash: (text: string) => string;
  readonly readFile: (path: string) => Promise<string>;
  /** For its owner alone. */
  readonly writeFile: (path: string, text: string) => Promise<void>;
}

/** What a command came to; main writes and ends the process. */
export interface Outcome {
  readonly exitCode: number;
  /** For standard output, whole. */
  readonly text: string;
  /** For standard error, after the result. */
  readonly note?: string;
  /** The command has changed something, so it says itself what an interruption left. */
  readonly saysInterruption?: boolean;
}

export type Command = (context: Context, args: readonly string[]) => Promise<Outcome>;
