import { DependencyError } from '../../errors.ts';
import type { GapCode } from '../../platform/observed.ts';

const OPERATION = 'local journal of runs';
const MAKE_YOURS = 'Make it readable and writable for you, or set XDG_STATE_HOME to another folder.';
const ELSEWHERE = 'Set XDG_STATE_HOME to a folder that you may write to.';

/** Codes of errno(3) that are worth a word of their own. */
const MEANINGS: Readonly<Record<string, { readonly gapCode: GapCode; readonly hint: string }>> = {
  EACCES: { gapCode: 'unauthorized', hint: MAKE_YOURS },
  EPERM: { gapCode: 'unauthorized', hint: MAKE_YOURS },
  EROFS: { gapCode: 'unauthorized', hint: ELSEWHERE },
  ENOSPC: { gapCode: 'other', hint: 'Free space on that disk.' },
};

export function fileFailure(error: unknown, path: string, verb: 'read' | 'written'): unknown {
  const code = codeOf(error);
  if (code === null) return error;
  const { gapCode, hint } = MEANINGS[code] ?? { gapCode: 'other', hint: ELSEWHERE };
  return new DependencyError(
    'KC_JOURNAL_FILE',
    `The local journal ${path} cannot be ${verb} (${code}).`,
    hint,
    {
      system: 'journal',
      operation: OPERATION,
      gapCode,
      cause: error,
    },
  );
}

export function tampered(path: string, line: number): DependencyError {
  return new DependencyError(
    'KC_JOURNAL_TAMPERED',
    `The local journal ${path} was changed by something else than kc-doctor, at line ${line} or right before it.`,
    'Keep it aside under another name; runs are also in the schema kc_doctor of the database.',
    { system: 'journal', operation: OPERATION, gapCode: 'protocol' },
  );
}

export function newer(path: string, line: number): DependencyError {
  return new DependencyError(
    'KC_JOURNAL_NEWER',
    `Line ${line} of the local journal ${path} was written by a newer version of kc-doctor.`,
    'Update kc-doctor.',
    { system: 'journal', operation: OPERATION, gapCode: 'protocol' },
  );
}

export function noTime(path: string): DependencyError {
  return new DependencyError(
    'KC_JOURNAL_TIMEOUT',
    `The local journal ${path} was given up: the time was over.`,
    'Give more time with --timeout.',
    { system: 'journal', operation: OPERATION, gapCode: 'timeout', retryable: true },
  );
}

/** Code of errno(3); null for an error of another kind. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null;
}
