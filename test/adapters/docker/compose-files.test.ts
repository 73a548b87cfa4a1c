import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composePaths, readComposeFiles } from '../../../src/adapters/docker/compose-files.ts';

let directory: string;
const { signal } = new AbortController();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kc-compose-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const read = (...paths: string[]) => readComposeFiles('kc', paths, signal);

describe('composePaths', () => {
  const labels = (config_files?: string, working_dir?: string) => ({
    labels: {
      ...(config_files === undefined ? {} : { 'com.docker.compose.project.config_files': config_files }),
      ...(working_dir === undefined ? {} : { 'com.docker.compose.project.working_dir': working_dir }),
    },
  });

  it('gathers the files of all containers once, relative ones from the working directory', () => {
    const containers = [labels('/a/one.yml,/a/two.yml', '/a'), labels('two.yml,three.yml', '/a'), labels()];
    expect(composePaths(containers)).toEqual(['/a/one.yml', '/a/two.yml', '/a/three.yml']);
  });
});

describe('readComposeFiles', () => {
  it('reads service names alone, over several files', async () => {
    const base = await file(
      'docker-compose.yml',
      'x-common: &c\n  restart: always\nservices:\n  kafka:\n    <<: *c\n    environment: { SECRET: hunter22 }\n  purchase-worker:\n    extends: { service: kafka }\n',
    );
    const more = await file('docker-compose.override.yml', 'services:\n  cache-worker: {}\nvolumes: {}\n');
    expect(await read(base, more)).toEqual({
      files: [base, more],
      services: ['kafka', 'purchase-worker', 'cache-worker'],
    });
  });

  it('takes out what an override resets', async () => {
    const base = await file('a.yml', 'services:\n  kafka: {}\n  cache-worker: {}\n');
    const more = await file('b.yml', 'services:\n  cache-worker: !reset null\n');
    expect((await read(base, more)).services).toEqual(['kafka']);
  });

  it('follows includes', async () => {
    const base = await file('a.yml', 'include:\n  - sub/b.yml\n  - path: [c.yml]\nservices: {}\n');
    await file('sub/b.yml', 'include: [d.yml]\nservices:\n  b: {}\n');
    await file('sub/d.yml', 'services:\n  d: {}\n');
    await file('c.yml', 'include: [a.yml]\nservices:\n  c: {}\n');
    expect((await read(base)).services.toSorted()).toEqual(['b', 'c', 'd']);
  });

  it.each([
    ['a file that is not here', 'services: {}', 'missing.yml', /missing\.yml is not on this machine/],
    ['broken YAML', 'services:\n  a: [', null, /not valid YAML/],
    ['an include that needs a variable', `include: ['\${DIR}/x.yml']`, null, /cannot be followed/],
    ['a remote include', 'include: [oci://registry.example/x]', null, /cannot be followed/],
    ['no file at all', null, null, /says which compose file/],
  ])('knows nothing rather than half: %s', async (_, text, missing, message) => {
    const paths = text === null ? [] : [await file('a.yml', text)];
    if (missing !== null) paths.push(join(directory, missing));
    await expect(read(...paths)).rejects.toMatchObject({
      system: 'compose',
      gapCode: 'incomplete',
      message: expect.stringMatching(message),
    });
  });

  it('does not quote the file that it could not read', async () => {
    const path = await file('a.yml', 'services:\n  db:\n    environment:\n      PASSWORD: [hunter22\n');
    const error: unknown = await read(path).catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 5, showHidden: true })).not.toContain('hunter22');
  });

  it('reads an empty file as one without services', async () => {
    expect((await read(await file('a.yml', ''))).services).toEqual([]);
  });
});
