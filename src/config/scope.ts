import type { ChosenSet } from './config-file.ts';
import type { PlatformFile, SecretFrom } from './file-schema.ts';
import type { ConfigFiles } from './files.ts';
import { accept, type Ledger } from './ledger.ts';
import { type Sourced, secretValue } from './values.ts';
import type { FoundVariable, VariableLayer } from './variables.ts';
import { findVariable } from './variables.ts';

/** What every group of settings is decided from. */
export interface Scope {
  readonly set: ChosenSet;
  /** Folder of the platform's env files. */
  readonly folder: string | null;
  /** Where the platform's own variables are looked for: with a profile not in the process environment. */
  readonly variables: readonly VariableLayer[];
  /** Where a variable that the config file names is looked for. */
  readonly named: readonly VariableLayer[];
  /** More variables may come to light in the compose folder, so one that is not set is not wrong yet. */
  readonly mayFindMore: boolean;
  readonly files: ConfigFiles;
  readonly ledger: Ledger;
}

export function fromFile<T>(scope: Scope, read: (file: PlatformFile) => T): Sourced<T> {
  return { value: read(scope.set.values), source: scope.set.source };
}

export function fromVariables(scope: Scope, names: readonly string[]): FoundVariable | null {
  return findVariable(scope.variables, names);
}

export function secretFromFile(
  scope: Scope,
  key: string,
  from: SecretFrom | undefined,
): Sourced<string> | null {
  if (from === undefined) return null;
  const found = accept(scope.ledger, key, secretValue(from, scope.named, scope.set.directory, scope.files));
  if (found === null && 'env' in from && !scope.mayFindMore) {
    const wayOut = `export ${from.env}, or write it into the platform's env file`;
    scope.ledger.problems.push({ key, text: `the variable ${from.env} is not set`, wayOut });
  }
  return found;
}
