import { randomBytes } from 'node:crypto';
import { type Lab, type LabOptions, openLab, removeLab, whyNoLab } from '../../lab/lab.ts';

/** Why this machine cannot run the lab; null: it can. */
export const labMissing: string | null = await whyNoLab();

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
