import type { Command } from '../context.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { PlatformState } from '../platform/state.ts';
import { paymentIds } from './asked.ts';
import { diagnosis } from './diagnosis.ts';

/**
 * Writes down what was observed. The exit code is the diagnosis's own, so that a script may do both at once; a payment that was
 * asked for and is not in it is a finding.
 */
export const snapshot: Command = async (context) => {
  const file = context.flags.output;
  if (file === undefined)
    throw new UsageError('KC_USAGE', 'no file was named', 'name it: kc-doctor snapshot -o incident.json');
  const asked = paymentIds(context.flags.payment ?? []);
  const state = await context.observe(asked);
  await context.writeSnapshot(file, state);
  const result = diagnosis(state, 'snapshot', context.tool, context);
  const { payments } = state;
  const known = payments.kind === 'seen' ? payments.value.asked.map(({ paymentId }) => paymentId) : [];
  const absent = asked
    .filter((id) => !known.includes(id))
    .map((id) => `not in it: payment ${id}, ${whyAbsent(state)}\n`);
  return {
    exitCode: absent.length > 0 && result.exitCode === EXIT.healthy ? EXIT.findings : result.exitCode,
    text: '',
    note: `written: ${file}\n${absent.join('')}${result.headline}\nread it with: kc-doctor --from ${file}\n`,
  };
};

function whyAbsent({ payments }: PlatformState): string {
  return payments.kind === 'seen' ? 'no payment has this id' : 'payments could not be read';
}
