import { access, constants, readdir, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

/** What is missing on this machine for a lab; the message says how to get it. */
export class LabUnavailable extends Error {
  override readonly name = 'LabUnavailable';
}

async function findOnPath(name: string): Promise<string | null> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    if (directory === '') continue;
    try {
      const path = join(directory, name);
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory: the next one may have it, and null says that none has.
    }
  }
  return null;
}

export interface HostPrograms {
  readonly node: string;
  readonly java: string;
  /** Not its real file: Debian's is a link to redis-check-rdb, which looks at the name it is called by. */
  readonly redisServer: string;
}

export async function findHostPrograms(): Promise<HostPrograms> {
  if (process.platform !== 'linux') {
    throw new LabUnavailable('the lab runs the programs of the host in its containers, which needs Linux');
  }
  const java = process.env['JAVA_HOME']
    ? join(process.env['JAVA_HOME'], 'bin/java')
    : await findOnPath('java');
  if (java === null) throw new LabUnavailable('no java on the PATH: install a JDK, 17 or newer');
  const redisServer = await findOnPath('redis-server');
  if (redisServer === null) throw new LabUnavailable('no redis-server on the PATH: install redis-server');
  return { node: await realpath(process.execPath), java: await realpath(java), redisServer };
}

/** Directories that make the host's own programs run in an empty image. */
const SYSTEM_DIRECTORIES = ['/usr', '/lib', '/lib64', '/bin', '/etc/ssl', '/etc/alternatives'];

/**
 * Read-only bind mounts, in Docker's notation. Programs installed elsewhere (a version manager in a home directory)
 * bring their own folder.
 */
export async function programMounts(programs: HostPrograms): Promise<readonly string[]> {
  const mounts = new Set<string>();
  for (const directory of SYSTEM_DIRECTORIES) {
    try {
      await access(directory);
      mounts.add(directory);
    } catch {
      // Not every distribution has all of them (/lib64 is missing on some); what is needed fails at start, loudly.
    }
  }
  for (const entry of await readdir('/etc')) {
    // Debian's JDK keeps its configuration there, and dies without it.
    if (/^java(-|$)/.test(entry)) mounts.add(`/etc/${entry}`);
  }
  const homes = [
    dirname(dirname(programs.node)),
    dirname(dirname(programs.java)),
    dirname(dirname(await realpath(programs.redisServer))),
  ];
  for (const home of homes) {
    if (!home.startsWith('/usr') && !home.startsWith('/bin') && home !== '/') mounts.add(home);
  }
  return [...mounts].map((directory) => `${directory}:${directory}:ro`);
}
