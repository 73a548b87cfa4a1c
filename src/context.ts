import type { SettingRow } from './config/rows.ts';
import type { PaymentId } from './platform/ids.ts';
import type { LookupQuestion } from './platform/lookup.ts';
import type { PlatformState } from './platform/state.ts';
import type { Clock } from './ports/clock.ts';
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
  readonly writeSnapshot: (file: string, state: PlatformState) => Promise<void>;
  /** Every setting with its value (secrets masked) and where it came from. */
  readonly settingRows: () => Promise<readonly SettingRow[]>;
}

/** What a command came to; main writes and ends the process. */
export interface Outcome {
  readonly exitCode: number;
  /** For standard output, whole. */
  readonly text: string;
  /** For standard error, after the result. */
  readonly note?: string;
}

export type Command = (context: Context, args: readonly string[]) => Promise<Outcome>;
