import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Pair } from 'yaml';
import { DependencyError } from '../../errors.ts';
import type { ComposeProject } from '../../platform/state.ts';

const FILES_LABEL = 'com.docker.compose.project.config_files';
const DIRECTORY_LABEL = 'com.docker.compose.project.working_dir';

type Labels = Readonly<Record<string, string>>;

/** Compose files that the containers of one project were made from, in the order of first mention. */
export function composePaths(containers: readonly { readonly labels: Labels }[]): readonly string[] {
  const paths = containers.flatMap(({ labels }) => {
    const directory = labels[DIRECTORY_LABEL];
    return (labels[FILES_LABEL] ?? '')
      .split(',')
      .filter((path) => path !== '')
      .map((path) => (isAbsolute(path) || directory === undefined ? path : join(directory, path)));
  });
  return [...new Set(paths)];
}

/**
 * Service names of compose files and of the files that they include. `extends` adds no service and is left alone. A file that
 * cannot be read makes the whole list unknown: a service that is not in it would look as if it were not declared.
 */
export async function readComposeFiles(
  project: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ComposeProject> {
  if (paths.length === 0) {
    throw incomplete(project, `No container of project ${project} says which compose file it was made from.`);
  }
  const services = new Set<string>();
  const read = new Set<string>();
  const queue = [...paths];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (read.has(path)) continue;
    read.add(path);
    const file = await readComposeFile(project, path, signal);
    for (const service of file.declared) services.add(service);
    for (const service of file.reset) services.delete(service);
    queue.push(...file.includes);
  }
  return { files: [...read], services: [...services] };
}

interface ComposeFile {
  readonly declared: readonly string[];
  /** Taken out again by an override file with the tag `!reset`. */
  readonly reset: readonly string[];
  readonly includes: readonly string[];
}

async function readComposeFile(project: string, path: string, signal: AbortSignal): Promise<ComposeFile> {
  const text = await readText(project, path, signal);
  const { parseDocument, isMap, isNode, isScalar } = await import('yaml');
  // Without prettyErrors: those quote the file, which may hold passwords.
  const document = parseDocument(text, { logLevel: 'error', merge: true, prettyErrors: false });
  if (document.errors.length > 0) {
    throw incomplete(project, `Compose file ${path} is not valid YAML.`, document.errors[0]);
  }
  const root = document.contents;
  const services = isMap(root) ? root.get('services') : undefined;
  const items: readonly Pair[] = isMap(services) ? services.items : [];
  const isReset = ({ value }: Pair): boolean => isNode(value) && 'tag' in value && value.tag === '!reset';
  const nameOf = ({ key }: Pair): string => String(isScalar(key) ? key.value : key);
  const include: unknown = isMap(root) && root.has('include') ? document.toJS().include : [];
  return {
    declared: items.filter((item) => !isReset(item)).map(nameOf),
    reset: items.filter(isReset).map(nameOf),
    includes: includedPaths(project, path, include),
  };
}

async function readText(project: string, path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', signal });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const what = code === 'ENOENT' ? 'is not on this machine' : 'cannot be read';
    throw incomplete(project, `Compose file ${path} ${what}.`, error);
  }
}

/** `include` holds paths, or objects with one path or several; they count from the folder of the including file. */
function includedPaths(project: string, path: string, include: unknown): readonly string[] {
  const entries = Array.isArray(include) ? include : [include];
  return entries.flatMap((entry: unknown) => {
    const given = typeof entry === 'object' && entry !== null && 'path' in entry ? entry.path : entry;
    return (Array.isArray(given) ? given : [given]).map((included: unknown) => {
      if (typeof included !== 'string' || included.includes('$') || included.includes('://')) {
        throw incomplete(project, `Compose file ${path} includes a file that cannot be followed.`);
      }
      return resolve(dirname(path), included);
    });
  });
}

function incomplete(project: string, message: string, cause?: unknown): DependencyError {
  return new DependencyError(
    'KC_COMPOSE_INCOMPLETE',
    message,
    'Run kc-doctor on the machine that holds the compose files, or compare their services with `docker compose config --services`.',
    {
      system: 'compose',
      operation: `compose files of ${project}`,
      gapCode: 'incomplete',
      cause,
      details: cause instanceof Error ? [cause.message] : [],
    },
  );
}
