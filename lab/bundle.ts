import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { SERVICES } from './platform.ts';

const LAB_FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** One CommonJS file for each service, which needs no other file at run time. */
export async function bundleServices(directory: string): Promise<void> {
  const entries = [
    { out: 'kafka-init', in: join(LAB_FOLDER, 'kafka/init.ts') },
    ...SERVICES.map((service) => ({ out: service, in: join(LAB_FOLDER, 'services', service, 'main.ts') })),
  ];
  for (const entry of entries) await access(entry.in);
  await build({
    entryPoints: entries,
    outdir: join(directory, 'services'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // An optional native addon of pg, absent here; pg catches its absence.
    external: ['pg-native'],
    logLevel: 'silent',
  });
}
