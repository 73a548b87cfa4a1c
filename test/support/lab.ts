import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { type Lab, type LabOptions, openLab, removeLab, whyNoLab } from '../../lab/lab.ts';

/** Why this machine cannot run the lab; null: it can. */
export const labMissing: string | null = await whyNoLab();

/** A lab for the tests of the block that is being described, taken down after them. */
export function openBlockLab(take: (lab: Lab) => void, options: Omit<LabOptions, 'name'> = {}): void {
  let dispose: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const opened = await openTestLab(options);
    dispose = opened.dispose;
    take(opened.lab);
  });
  afterAll(async () => {
    await dispose?.();
  });
}

/** A lab of the test's own; `dispose` takes it down with everything that it made. */
export async function openTestLab(
  options: Omit<LabOptions, 'name'> = {},
): Promise<{ readonly lab: Lab; readonly dispose: () => Promise<void> }> {
  const name = `t${randomBytes(3).toString('hex')}`;
  const lab = await openLab({ ...options, name });
  return {
    lab,
    dispose: async () => {
      await lab.close();
      await removeLab({ name });
    },
  };
}
