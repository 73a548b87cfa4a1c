import type { ConfigFiles } from '../../src/config/files.ts';
import type { ConfigInput } from '../../src/config/static-config.ts';

export const NOW_MS = Date.parse('2026-01-07T20:41:00Z');

function memoryFiles(texts: Readonly<Record<string, string>>): ConfigFiles {
  return {
    readText: (path) => texts[path] ?? null,
    isDirectory: (path) => Object.keys(texts).some((name) => name.startsWith(`${path}/`)),
  };
}

/** An operator in /srv/kc with nothing configured. */
export function input(
  change: Partial<Omit<ConfigInput, 'files'>> & { readonly texts?: Readonly<Record<string, string>> } = {},
): ConfigInput {
  const { texts = {}, ...rest } = change;
  return { flags: {}, environment: {}, cwd: '/srv/kc', nowMs: NOW_MS, files: memoryFiles(texts), ...rest };
}
