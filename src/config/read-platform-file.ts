import { z } from 'zod';
import { fileSchema, type PlatformFile } from './file-schema.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';

export interface CheckedFile {
  readonly top: PlatformFile;
  readonly profiles: Readonly<Record<string, PlatformFile>>;
}

/** Checks the parsed text of a config file; every problem at once, each with its key and the way out. */
export function checkFile(
  value: unknown,
): { readonly file: CheckedFile } | { readonly problems: readonly Problem[] } {
  const result = fileSchema.safeParse(value ?? {});
  if (!result.success) return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, [])) };
  const { profiles = {}, $schema: _, ...top } = result.data;
  return { file: { top, profiles } };
}

/** JSON schema of the config file, for editors and for naming the known keys. */
function configFileJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(fileSchema, { io: 'input', unrepresentable: 'any' });
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, base: readonly PropertyKey[]): readonly Problem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key));
  if (issue.code === 'invalid_union') {
    // An object with a misspelt key fits no branch; the misspelling says more than "fits none".
    const misspelt = issue.errors.flat().find((inner) => inner.code === 'unrecognized_keys');
    const known = knownKeys(path);
    if (misspelt?.keys.some((key) => !known.includes(key))) return problemsOf(misspelt, path);
  }
  const [text = issue.message, ...wayOut] = issue.message.split('; ');
  return [{ key: dotted(path), text, wayOut: wayOut.join('; ') || 'see the key in docs/configuration.md' }];
}

function unknownKey(path: readonly PropertyKey[], key: string): Problem {
  const known = knownKeys(path);
  const meant = nearest(key, known);
  return {
    key: dotted([...path, key]),
    text: 'unknown key',
    wayOut: meant === null ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`,
  };
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly anyOf?: readonly SchemaNode[];
}

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let nodes: readonly SchemaNode[] = [configFileJsonSchema()];
  for (const step of path) nodes = nodes.flatMap((node) => childrenOf(node, String(step)));
  return [...new Set(nodes.flatMap(branchesOf).flatMap((node) => Object.keys(node.properties ?? {})))];
}

function branchesOf(node: SchemaNode): readonly SchemaNode[] {
  return [node, ...(node.anyOf ?? [])];
}

function childrenOf(node: SchemaNode, step: string): readonly SchemaNode[] {
  return branchesOf(node).flatMap((branch) => {
    const child = branch.properties?.[step];
    if (child !== undefined) return [child];
    return typeof branch.additionalProperties === 'object' ? [branch.additionalProperties] : [];
  });
}

function dotted(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '(file)' : path.map(String).join('.');
}
