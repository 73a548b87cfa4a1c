import type { Command } from '../context.ts';
import { diagnosis } from './diagnosis.ts';
import { render } from './render.ts';

export const diagnose: Command = async (context) => {
  const state = await context.observe([]);
  const result = diagnosis(state, 'diagnose', context.tool, context);
  return { exitCode: result.exitCode, text: await render(result, context) };
};
