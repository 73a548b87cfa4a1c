import { bringUp, tearDown } from './bring-up.ts';
import type { Lab, LabOptions } from './contract.ts';
import { labNames, readState } from './layout.ts';
import { openRunningLab } from './running-lab.ts';

export type { Lab, LabOptions } from './contract.ts';

/** Brings the lab up; one that is up already is left as it is. Rejects with LabUnavailable where it cannot run. */
export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const names = labNames(options.name, options.directory);
  const state = await readState(names);
  if (state?.phase !== 'up') await bringUp(names, options);
  const lab = await openRunningLab(names);
  try {
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

/** Removes a lab from whatever state it is in. */
export async function removeLab(options: Pick<LabOptions, 'name' | 'directory'> = {}): Promise<void> {
  await tearDown(labNames(options.name, options.directory));
}
