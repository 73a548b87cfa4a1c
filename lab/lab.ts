import { bringUp, checkMachine, isStanding, tearDown } from './bring-up.ts';
import type { Lab, LabOptions } from './contract.ts';
import { LabUnavailable } from './host.ts';
import { labNames, readState } from './layout.ts';
import { openRunningLab } from './running-lab.ts';

export type { Lab, LabOptions } from './contract.ts';

/**
 * Brings the lab up. One that is up already keeps what it holds, a fault included; only a generation that differs
 * from the one asked for resets it. Rejects with LabUnavailable where a lab cannot run.
 */
export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const names = labNames(options.name, options.directory);
  const state = await readState(names);
  if (state?.phase !== 'up' || !(await isStanding(names))) await bringUp(names, options);
  const lab = await openRunningLab(names);
  try {
    if (options.generation !== undefined && options.generation !== lab.generation) {
      await lab.reset({ generation: options.generation });
    }
    if (options.warm === true) await lab.warmUp();
    return lab;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** A lab that is up, as an earlier process left it. */
export async function attachLab(options: Pick<LabOptions, 'name' | 'directory'> = {}): Promise<Lab> {
  const names = labNames(options.name, options.directory);
  const state = await readState(names);
  if (state?.phase !== 'up') throw new Error(`the lab ${names.name} is not up`);
  return await openRunningLab(names);
}

/** Why no lab can run on this machine; null when one can. */
export async function whyNoLab(): Promise<string | null> {
  try {
    await checkMachine();
    return null;
  } catch (error) {
    if (error instanceof LabUnavailable) return error.message;
    throw error;
  }
}

/** Removes a lab from whatever state it is in. */
export async function removeLab(options: Pick<LabOptions, 'name' | 'directory'> = {}): Promise<void> {
  await tearDown(labNames(options.name, options.directory));
}
