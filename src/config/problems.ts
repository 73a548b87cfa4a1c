import { ConfigError, UsageError } from '../errors.ts';

/** One thing that is wrong with flags, files or environment. All are collected, so that one run shows them all. */
export interface Problem {
  /** The flag, the key of the config file, or the name of the variable. */
  readonly key: string;
  /** What is wrong, one clause, never the value of a secret. */
  readonly text: string;
  /** What to write instead. */
  readonly wayOut: string;
}

export function problemError(problems: readonly Problem[]): ConfigError | UsageError {
  const details = problems.map((problem) => `${problem.key}: ${problem.text}; ${problem.wayOut}`);
  const count = problems.length === 1 ? 'one setting is' : `${problems.length} settings are`;
  const onlyFlags = problems.every((problem) => problem.key.startsWith('--'));
  return onlyFlags
    ? new UsageError(
        'KC_USAGE_FLAGS',
        `${count} not usable`,
        'correct the flags; kc-doctor --help lists them',
        { details },
      )
    : new ConfigError(
        'KC_CONFIG_INVALID',
        `${count} not usable`,
        'correct them; kc-doctor config then shows every setting',
        { details },
      );
}
