import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ComposeService, Generation, HttpService, Worker } from './platform.ts';

const PROJECT = 'kodingcaravan';
const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,30}$/;

/** Label of all that a lab starts: containers and its network. */
export const LAB_LABEL = 'kc-lab';

export interface LabNames {
  readonly name: string;
  readonly project: string;
  readonly network: string;
  readonly directory: string;
}

export interface LabSecrets {
  readonly superuser: string;
  readonly platform: string;
  readonly reader: string;
}

/** All that a later process must know of a lab. */
export interface LabState {
  readonly version: 1;
  /** `starting` until `up` has finished: anything else found there is an interrupted start. */
  readonly phase: 'starting' | 'up';
  readonly name: string;
  readonly generation: Generation;
  readonly workers: readonly Worker[];
  readonly subnetPrefix: string;
  readonly clusterId: string;
  readonly ports: Readonly<Record<'kafka' | HttpService, number>>;
  readonly secrets: LabSecrets;
  /** Services taken out of the compose file by a fault. */
  readonly outOfCompose: readonly ComposeService[];
  readonly fault: {
    readonly id: string;
    /** False while it is being injected, and for ever when that failed. */
    readonly injected: boolean;
    readonly payments: readonly string[];
    readonly notes: Readonly<Record<string, string>>;
    readonly previousGeneration: Generation;
  } | null;
}

export function labNames(name = 'default', directory?: string): LabNames {
  if (!NAME_PATTERN.test(name))
    throw new Error(`a lab's name is lower-case letters, digits and dashes: ${name}`);
  const project = name === 'default' ? PROJECT : `${PROJECT}-${name}`;
  return {
    name,
    project,
    network: `${project}_default`,
    directory: directory ?? join(tmpdir(), `kc-lab-${name}`),
  };
}

export function containerName(names: LabNames, service: string): string {
  return `${names.project}-${service}`;
}

export function projectDirectory(names: LabNames): string {
  return join(names.directory, PROJECT);
}

/** Where a worker leaves a file named after it once it reads. */
export function readyDirectory(names: LabNames): string {
  return join(names.directory, 'ready');
}

export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kc-lab');
}

export function randomSecret(): string {
  return randomBytes(18).toString('base64url');
}

function statePath(names: LabNames): string {
  return join(names.directory, 'lab.json');
}

/** null: there is no such lab. */
export async function readState(names: LabNames): Promise<LabState | null> {
  let text: string;
  try {
    text = await readFile(statePath(names), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const state = JSON.parse(text) as LabState;
  if (state.version !== 1) throw new Error(`${statePath(names)} was written by another version of the lab`);
  return state;
}

export async function writeState(names: LabNames, state: LabState): Promise<void> {
  await writeFileAtomically(statePath(names), `${JSON.stringify(state, null, 2)}\n`, 0o600);
}

/** Readers in containers see the old or the new file, never half of one. */
export async function writeFileAtomically(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(temporary, text, { mode });
  await chmod(temporary, mode);
  await rename(temporary, path);
}
