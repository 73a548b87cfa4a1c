import type { GapCode, SystemId } from './platform/observed.ts';

/**
 * Every error that is not a defect. `message` says what happened in one sentence and names the thing; `hint` says what to do
 * next and is never glued to the message. `details` are already free of secrets.
 */
export abstract class DoctorError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly details: readonly string[];

  constructor(
    code: string,
    message: string,
    hint: string,
    options: { cause?: unknown; details?: readonly string[] } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = hint;
    this.details = options.details ?? [];
  }
}

/** A flag or argument is wrong: exit code 2. */
export class UsageError extends DoctorError {}

/** A file or the environment is wrong: exit code 2. `details` lists every problem, each with its key. */
export class ConfigError extends DoctorError {}

/** Docker, Kafka, Postgres or admin-service refused or was silent: becomes a gap when observing. */
export class DependencyError extends DoctorError {
  readonly system: SystemId;
  readonly operation: string;
  readonly gapCode: GapCode;
  readonly retryable: boolean;

  constructor(
    code: string,
    message: string,
    hint: string,
    options: {
      system: SystemId;
      operation: string;
      gapCode: GapCode;
      retryable?: boolean;
      cause?: unknown;
      details?: readonly string[];
    },
  ) {
    super(code, message, hint, options);
    this.system = options.system;
    this.operation = options.operation;
    this.gapCode = options.gapCode;
    this.retryable = options.retryable ?? false;
  }
}

/** No consent, lock held, wrong platform, no terminal: exit code 2. */
export class RefusedError extends DoctorError {}

/** A precondition no longer holds and nothing was changed: exit code 11. */
export class StaleError extends DoctorError {}
