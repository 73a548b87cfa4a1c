import { dirname, join, resolve } from 'node:path';
import type { PlatformFile } from './file-schema.ts';
import { type ConfigFiles, readFor } from './files.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';

const NAMES = ['kc-doctor.json', 'kc-doctor.yaml', 'kc-doctor.yml'] as const;

/** The set of settings that counts: the chosen profile, or the file's top level. */
export interface ChosenSet {
  readonly values: PlatformFile;
  /** Null: there is no config file. */
  readonly path: string | null;
  /** Relative paths in the set start here. */
  readonly directory: string;
  readonly profile: string | null;
  /** "kc-doctor.json", with the profile where one was chosen. */
  readonly source: string;
}

export async function readConfigFile(question: {
  readonly explicitPath: string | undefined;
  readonly profile: string | undefined;
  readonly directory: string;
  readonly cwd: string;
  readonly files: ConfigFiles;
}): Promise<{ readonly set: ChosenSet; readonly problems: readonly Problem[] }> {
  const { profile, files } = question;
  const none: ChosenSet = {
    values: {},
    path: null,
    directory: question.directory,
    profile: profile ?? null,
    source: 'config file',
  };
  const found = locate(question);
  if ('problems' in found) return { set: none, problems: found.problems };
  if (found.path === null) {
    if (profile === undefined) return { set: none, problems: [] };
    return { set: none, problems: [noSuchProfile(profile, [], 'no config file was found')] };
  }
  const set = { ...none, path: found.path, directory: dirname(found.path), source: found.path };
  const text = readFor(files, found.path);
  if (!('text' in text)) {
    const reason = 'unreadable' in text ? text.unreadable : `${found.path} does not exist`;
    return { set, problems: [{ key: '--config', text: reason, wayOut: 'name a file that can be read' }] };
  }
  const parsed = await parse(text.text);
  if ('problem' in parsed) return { set, problems: [{ key: found.path, ...parsed.problem }] };
  // zod is loaded here, so that a run without a config file does not pay for it.
  const { checkFile } = await import('./read-platform-file.ts');
  const checked = checkFile(parsed.value);
  if ('problems' in checked) return { set, problems: checked.problems };
  if (profile === undefined) return { set: { ...set, values: checked.file.top }, problems: [] };
  const values = checked.file.profiles[profile];
  const known = Object.keys(checked.file.profiles);
  if (values === undefined)
    return { set, problems: [noSuchProfile(profile, known, `${found.path} has no such profile`)] };
  return { set: { ...set, values, source: `${found.path} (${profile})` }, problems: [] };
}

function locate(question: {
  readonly explicitPath: string | undefined;
  readonly directory: string;
  readonly cwd: string;
  readonly files: ConfigFiles;
}): { readonly path: string | null } | { readonly problems: readonly Problem[] } {
  if (question.explicitPath !== undefined) return { path: resolve(question.cwd, question.explicitPath) };
  const present = NAMES.map((name) => join(question.directory, name)).filter((path) => {
    const read = readFor(question.files, path);
    return !('absent' in read);
  });
  if (present.length < 2) return { path: present[0] ?? null };
  return {
    problems: [
      {
        key: 'config file',
        text: `there are ${present.join(' and ')}`,
        wayOut: 'keep one, or name it with --config',
      },
    ],
  };
}

function noSuchProfile(profile: string, known: readonly string[], reason: string): Problem {
  const meant = nearest(profile, known);
  const wayOut =
    known.length === 0
      ? 'add it under "profiles", or leave --env out'
      : `${meant === null ? '' : `did you mean ${meant}? `}profiles are ${known.join(', ')}`;
  return { key: '--env', text: `"${profile}": ${reason}`, wayOut };
}

/** YAML reads JSON as well, and names line and column. */
async function parse(
  text: string,
): Promise<
  { readonly value: unknown } | { readonly problem: { readonly text: string; readonly wayOut: string } }
> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { prettyErrors: true });
  const error = document.errors[0];
  if (error === undefined) return { value: document.toJS() as unknown };
  const where =
    error.linePos === undefined ? '' : ` at line ${error.linePos[0].line}, column ${error.linePos[0].col}`;
  return {
    problem: {
      text: `is not valid YAML or JSON${where} (${error.code})`,
      wayOut: 'correct the syntax there',
    },
  };
}
