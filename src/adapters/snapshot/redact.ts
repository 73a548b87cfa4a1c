import { maskPersonal, maskSecrets } from '../../platform/mask.ts';

/** Text that people or programs wrote freely; elsewhere a mail address is a database user at its host. */
const FREE_TEXT = new Set(['message', 'failureReason', 'reason', 'key', 'text', 'hint', 'metadata']);
/** Paths: where a machine keeps its files is nobody else's business, and no rule reads it. */
const PATHS = new Set(['files']);
/** The folder names a person. */
const HOME = /(?<![\w.-])\/(?:home|Users)\/[^/\s"']+/g;

/** A copy without secrets and personal data, for colleagues and post-mortems: ids, offsets, times and counts stay. */
export function redact<T>(value: T, secrets: readonly string[]): T {
  return redacted(value, '', secrets) as T;
}

function redacted(value: unknown, key: string, secrets: readonly string[]): unknown {
  if (typeof value === 'string') {
    if (PATHS.has(key)) return value.slice(Math.max(value.lastIndexOf('/'), value.lastIndexOf('\\')) + 1);
    const masked = maskSecrets(value, secrets).replace(HOME, '~');
    return FREE_TEXT.has(key) ? maskPersonal(masked) : masked;
  }
  if (Array.isArray(value)) return value.map((item) => redacted(item, key, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, redacted(part, name, secrets)]),
  );
}
