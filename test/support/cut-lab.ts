import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import { type CuttingDaemon, cuttingDaemon } from './cutting-daemon.ts';
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';
import { type DoctorRun, doctor } from './doctor.ts';
import { openTestLab } from './lab.ts';

/** Api keys of the Kafka protocol. */
export const PRODUCE = 0;
export const OFFSET_COMMIT = 8;

/** A lab that kc-doctor reaches through proxies alone; the platform itself does not pass through them. */
export interface CutLab extends AsyncDisposable {
  readonly lab: Lab;
  readonly broker: CuttingProxy;
  readonly daemon: CuttingDaemon;
  /** The lab's own, with the broker behind its proxy. */
  readonly configFile: string;
  run(home: string, args: readonly string[], onStderr?: (text: string) => void): Promise<DoctorRun>;
}

export async function openCutLab(): Promise<CutLab> {
  const { lab, dispose } = await openTestLab();
  const [broker, daemon] = await Promise.all([
    cuttingProxy(`127.0.0.1:${lab.kafkaHostPort}`),
    cuttingDaemon(),
  ]);
  const configFile = join(lab.directory, 'through-proxies.json');
  const shared = JSON.parse(await readFile(lab.configFile, 'utf8')) as Record<string, unknown>;
  await writeFile(configFile, JSON.stringify({ ...shared, addressMap: { 'kafka:9092': broker.address } }));
  return {
    lab,
    broker,
    daemon,
    configFile,
    run: (home, args, onStderr) =>
      doctor([...args, '--project', lab.project, '--config', configFile], {
        cwd: lab.projectDirectory,
        environment: { HOME: home, DOCKER_HOST: daemon.host },
        ...(onStderr === undefined ? {} : { onStderr }),
      }),
    [Symbol.asyncDispose]: async () => {
      await broker[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
      await dispose();
    },
  };
}
