import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { type ConfigFiles, readFor } from './files.ts';
import type { Problem } from './problems.ts';

/** The platform's own order (platform.md "Containers"): the first file that has a variable wins. */
export const PLATFORM_ENV_FILES = ['.env.production', '.env.development', '.env.local', '.env'] as const;

/** Variables from one place. An empty value counts as not set, as the platform takes it. */
export interface VariableLayer {
  readonly source: string;
  readonly values: Readonly<Record<string, string | undefined>>;
}

export interface FoundVariable {
  readonly value: string;
  readonly name: string;
  readonly source: string;
}

export function holdsEnvFile(directory: string, files: ConfigFiles): boolean {
  return PLATFORM_ENV_FILES.some((name) => 'text' in readFor(files, join(directory, name)));
}

export function envFileLayers(
  paths: readonly string[],
  files: ConfigFiles,
): { readonly layers: readonly VariableLayer[]; readonly problems: readonly Problem[] } {
  const layers: VariableLayer[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const read = readFor(files, path);
    if ('unreadable' in read) {
      problems.push({
        key: path,
        text: read.unreadable,
        wayOut: 'give read permission or name another --project-dir',
      });
    }
    if ('text' in read) layers.push({ source: path, values: parseEnv(read.text.replace(/^\uFEFF/, '')) });
  }
  return { layers, problems };
}

/** Of several names for one thing, whichever the first layer has that has any. */
export function findVariable(
  layers: readonly VariableLayer[],
  names: readonly string[],
): FoundVariable | null {
  for (const layer of layers) {
    for (const name of names) {
      const value = layer.values[name]?.trim();
      if (value !== undefined && value !== '') return { value, name, source: `${layer.source} ${name}` };
    }
  }
  return null;
}

const SECRET_NAME =
  /(?:secret|passw(?:or)?d|passphrase|token|credential|private|api_?key|access_?key|_key$|_dsn$)/i;
/** Shorter values ("true", "dev") would mask ordinary words. */
const SHORTEST_SECRET = 8;

export function secretValues(layers: readonly VariableLayer[]): readonly string[] {
  return layers
    .flatMap((layer) => Object.entries(layer.values))
    .filter(
      ([name, value]) =>
        SECRET_NAME.test(name) && value !== undefined && value.trim().length >= SHORTEST_SECRET,
    )
    .map(([, value]) => value?.trim() ?? '');
}
