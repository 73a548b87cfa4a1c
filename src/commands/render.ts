import type { Context } from '../context.ts';
import type { Diagnosis } from '../report/result.ts';

/** Reporters are loaded by need: the JSON schema's library costs more than a healthy look at a local server. */
export async function render(result: Diagnosis, context: Context): Promise<string> {
  switch (context.format) {
    case 'human':
      return (await import('../report/human.ts')).humanDiagnosis(result, context.view);
    case 'json':
      return (await import('../report/json.ts')).jsonDiagnosis(result);
    default:
      return context.format satisfies never;
  }
}
