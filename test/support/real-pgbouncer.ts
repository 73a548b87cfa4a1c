import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, freePort } from './real-postgres.ts';

/** A PgBouncer that pools transactions, as managed databases put one in front. */
export interface RealPgbouncer extends AsyncDisposable {
  /** The same address, through the pooler. */
  through(url: string): string;
}

export const PGBOUNCER_MISSING: string | null =
  spawnSync('pgbouncer', ['--version']).status === 0 ? null : 'no pgbouncer on the PATH';

/** It refuses to run as root. `nobody` exists on every Linux. */
const NOBODY = 65_534;

/** One server connection as a rule, so that all clients share it and what one leaves behind the next one meets. */
export async function startPgbouncer(
  databaseUrl: string,
  options: { readonly poolSize?: number } = {},
): Promise<RealPgbouncer> {
  const home = await mkdtemp(join(tmpdir(), 'kc-pgbouncer-'));
  const target = new URL(databaseUrl);
  const port = await freePort();
  const password = target.password === '' ? '' : ` password=${decodeURIComponent(target.password)}`;
  const config = [
    '[databases]',
    `* = host=${target.hostname} port=${target.port || '5432'} user=${target.username}${password}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    `default_pool_size = ${options.poolSize ?? 1}`,
  ];
  await writeFile(join(home, 'pgbouncer.ini'), `${config.join('\n')}\n`);
  const asUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if ('uid' in asUser) {
    await chown(home, NOBODY, NOBODY);
    await chown(join(home, 'pgbouncer.ini'), NOBODY, NOBODY);
  }
  const child = spawn('pgbouncer', ['-q', join(home, 'pgbouncer.ini')], { ...asUser, stdio: 'ignore' });
  const through = (url: string) => {
    const pooled = new URL(url);
    pooled.hostname = '127.0.0.1';
    pooled.port = String(port);
    return pooled.toString();
  };
  const stop = async () => {
    if (child.exitCode === null) {
      // At once, whoever is connected.
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(home, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(through(databaseUrl), () => child.exitCode);
  } catch (error) {
    await stop();
    throw error;
  }
  return { through, [Symbol.asyncDispose]: stop };
}

async function untilItAnswers(url: string, exitCode: () => number | null): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await (await connect(url)).end();
      return;
    } catch (error) {
      if (exitCode() !== null || Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}
