import { readdir } from 'node:fs/promises';
import type { LabFault } from './fault.ts';

const FAULT_FILE = /^([fcdh]\d+)\.ts$/;

/** A fault is a file of this folder named after its id: adding one is adding a file. */
export async function faultIds(): Promise<readonly string[]> {
  const files = await readdir(new URL('.', import.meta.url));
  return files.flatMap((file) => FAULT_FILE.exec(file)?.[1] ?? []).sort();
}

export async function loadFault(id: string): Promise<LabFault> {
  const known = await faultIds();
  if (!known.includes(id)) throw new Error(`no fault ${id}; there are ${known.join(', ')}`);
  const loaded: { readonly fault?: LabFault } = await import(new URL(`${id}.ts`, import.meta.url).href);
  if (loaded.fault?.id !== id) throw new Error(`lab/faults/${id}.ts does not export the fault ${id}`);
  return loaded.fault;
}
