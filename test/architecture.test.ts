import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The layers, as far as Biome cannot say them: what may be imported as a type alone, what pure files may not do, and the whole
 * table once more by the resolved file, because Biome's patterns only see the text of an import.
 */
const ROOT = resolve(import.meta.dirname, '..');
const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`)
  .toSorted();

interface Import {
  readonly file: string;
  /** Path below the root for a file of ours, else the package or node module. */
  readonly target: string;
  readonly isType: boolean;
  readonly isLazy: boolean;
}

const STATEMENT =
  /^(?:import|export)\s+(type\s+)?(\{[^}]*\}|\*(?:\s+as\s+\w+)?|[\w$]+(?:\s*,\s*\{[^}]*\})?)?\s*(?:from\s+)?'([^']+)'/gm;
const LAZY = /\bimport\(\s*'([^']+)'\s*\)/g;

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const target = (specifier: string) =>
    specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, file, '..', specifier)) : specifier;
  const eager = [...text.matchAll(STATEMENT)].map(([, type, names, specifier = '']) => ({
    file,
    target: target(specifier),
    isType: type !== undefined || (names !== undefined && onlyTypes(names)),
    isLazy: false,
  }));
  const lazy = [...text.matchAll(LAZY)].map(([, specifier = '']) => ({
    file,
    target: target(specifier),
    isType: false,
    isLazy: true,
  }));
  return [...eager, ...lazy];
}

function onlyTypes(names: string): boolean {
  if (!names.startsWith('{')) return false;
  const parts = names
    .slice(1, -1)
    .split(',')
    .map((name) => name.trim());
  return parts.filter((name) => name !== '').every((name) => name.startsWith('type '));
}

const IMPORTS = SOURCES.flatMap(importsOf);

const folderOf = (file: string): string => /^src\/([^/]+)\//.exec(file)?.[1] ?? file;
const shown = (found: readonly Import[]) => found.map(({ file, target }) => `${file} imports ${target}`);

/** Folders of ours that a folder may import; what stands under `types` only as a type. */
const LAYERS: Readonly<
  Record<string, { readonly values: readonly string[]; readonly types: readonly string[] }>
> = {
  platform: { values: [], types: [] },
  ports: { values: [], types: ['platform'] },
  adapters: { values: ['platform', 'src/errors.ts'], types: ['ports'] },
  observe: { values: ['platform', 'src/errors.ts'], types: ['ports'] },
  checks: { values: ['platform'], types: [] },
  trace: { values: ['platform'], types: [] },
  // Splitting a cohort and the order of the hops belong to trace, which is as pure as causes.
  causes: { values: ['platform', 'trace'], types: ['checks'] },
  repair: { values: ['platform', 'src/errors.ts'], types: ['checks', 'trace', 'causes', 'ports'] },
  // The literal lists of checks, trace and plans are what the JSON schema and the groups of the report are made of.
  report: {
    values: ['platform', 'checks', 'trace', 'src/repair/plan.ts'],
    types: ['causes', 'repair', 'src/exit-code.ts'],
  },
  config: { values: ['platform', 'src/errors.ts'], types: [] },
  commands: {
    values: [
      'platform',
      'observe',
      'checks',
      'trace',
      'causes',
      'repair',
      'report',
      'src/context.ts',
      'src/errors.ts',
      'src/exit-code.ts',
    ],
    types: ['config', 'ports'],
  },
};

const PURE = ['platform', 'checks', 'trace', 'causes', 'report'];
const EFFECT_FILES = ['act', 'execute', 'journal', 'lock', 'perform', 'precondition', 'session', 'watch'].map(
  (name) => `src/repair/${name}.ts`,
);
const PURE_FILES = SOURCES.filter(
  (file) => PURE.includes(folderOf(file)) || (folderOf(file) === 'repair' && !EFFECT_FILES.includes(file)),
);

describe('layers', () => {
  it('were read at all', () => {
    expect(IMPORTS.length).toBeGreaterThan(100);
    expect(IMPORTS.some(({ target }) => target === 'src/platform/state.ts')).toBe(true);
  });

  it.each(Object.entries(LAYERS))('%s imports only what its row allows', (folder, { values, types }) => {
    const foreign = IMPORTS.filter(
      ({ file, target }) => folderOf(file) === folder && target.startsWith('src/'),
    ).filter(({ target, isType }) => {
      const layer = folderOf(target);
      const isAllowed = values.includes(layer) || values.includes(target);
      return layer !== folder && !isAllowed && !(isType && types.includes(layer));
    });
    expect(shown(foreign)).toEqual([]);
  });

  it('no adapter imports another adapter', () => {
    const adapterOf = (path: string) => /^src\/adapters\/([^/]+)\//.exec(path)?.[1];
    const crossed = IMPORTS.filter(
      ({ file, target }) =>
        adapterOf(file) !== undefined &&
        adapterOf(target) !== undefined &&
        adapterOf(file) !== adapterOf(target),
    );
    expect(shown(crossed)).toEqual([]);
  });

  it('nothing of the product imports lab, bench, tests or build output', () => {
    expect(shown(IMPORTS.filter(({ target }) => /^(?:lab|bench|test|dist)\//.test(target)))).toEqual([]);
  });

  it('the lab imports nothing of the product', () => {
    const files = readdirSync(join(ROOT, 'lab'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const found = files
      .flatMap((name) => importsOf(`lab/${name}`))
      .filter(({ target }) => target.startsWith('src/'));
    expect(shown(found)).toEqual([]);
  });
});

describe('pure files', () => {
  it('import neither node nor a client library', () => {
    const allowed = ['zod', 'chalk'];
    const found = IMPORTS.filter(
      ({ file, target }) => PURE_FILES.includes(file) && !target.startsWith('src/'),
    ).filter(({ target }) => !allowed.includes(target));
    expect(shown(found)).toEqual([]);
  });

  it.each([
    ['await nothing', /\basync\b|\bawait\b|\bPromise\b/],
    ['know no clock', /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/],
    ['roll no dice', /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/],
    ['read no environment', /\bprocess\./],
  ])('%s', (_, forbidden) => {
    const found = PURE_FILES.filter((file) => forbidden.test(code(file)));
    expect(found).toEqual([]);
  });
});

describe('start-up', () => {
  /** Files that are loaded before a command is, types left out. */
  function loadedBy(start: string): readonly string[] {
    const reached = new Set([start]);
    for (const file of reached) {
      for (const { target, isType, isLazy } of IMPORTS.filter((one) => one.file === file)) {
        if (!isType && !isLazy) reached.add(target);
      }
    }
    return [...reached];
  }

  it('loads neither zod nor a client library for --version and --help', () => {
    const heavy = ['zod', 'yaml', 'kafkajs', 'pg', 'dockerode', 'ora', 'inquirer', 'chalk'];
    expect(loadedBy('src/program.ts').filter((target) => heavy.includes(target))).toEqual([]);
    expect(loadedBy('src/main.ts').filter((target) => heavy.includes(target))).toEqual([]);
  });

  it('loads heavy libraries only when they are needed', () => {
    const lazyOnly = ['kafkajs', 'pg', 'dockerode', 'ora', 'inquirer', 'yaml'];
    const eager = IMPORTS.filter(
      ({ target, isType, isLazy }) => lazyOnly.includes(target) && !isType && !isLazy,
    );
    expect(shown(eager)).toEqual([]);
  });
});

describe('files', () => {
  it('have no barrel, no collection of helpers and no shared types', () => {
    expect(SOURCES.filter((file) => /(?:^|\/)(?:index|utils?|helpers?|types)(?:\.ts|\/)/.test(file))).toEqual(
      [],
    );
  });
});

/** The source without comments and texts. */
function code(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(?<!:)\/\/.*$/gm, '')
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");
}
