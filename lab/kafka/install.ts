import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LabUnavailable } from '../host.ts';
import { cacheDirectory } from '../layout.ts';

const KAFKA_VERSION = '3.9.1';
const run = promisify(execFile);

/** Folder with the broker's jars, fetched from Maven Central at the first use (56 jars, 46 MB). */
export async function installKafka(): Promise<string> {
  const directory = join(cacheDirectory(), `kafka-${KAFKA_VERSION}`);
  try {
    await access(directory);
    return directory;
  } catch {
    // Not there yet.
  }
  const unfinished = `${directory}.${process.pid}.tmp`;
  await mkdir(unfinished, { recursive: true });
  const pom = fileURLToPath(new URL('pom.xml', import.meta.url));
  try {
    await run('mvn', ['-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`]);
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw new LabUnavailable('the jars of the Kafka broker could not be fetched with mvn', { cause: error });
  }
  return directory;
}
