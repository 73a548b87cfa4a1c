import type { Command } from '../context.ts';
import { UsageError } from '../errors.ts';
import { diagnosis } from './diagnosis.ts';

/** Writes down what was observed. The exit code is the diagnosis's own, so that a script may do both at once. */
export const snapshot: Command = async (context) => {
  const file = context.flags.output;
  if (file === undefined)
    throw new UsageError('KC_USAGE', 'no file was named', 'name it: kc-doctor snapshot -o incident.json');
  const state = await context.observe([]);
  await context.writeSnapshot(file, state);
  const result = diagnosis(state, 'snapshot', context.tool, context);
  return {
    exitCode: result.exitCode,
    text: '',
    note: `written: ${file}\n${result.headline}\nread it with: kc-doctor --from ${file}\n`,
  };
};
