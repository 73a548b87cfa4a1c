import type { Context } from '../context.ts';
import type { Diagnosis, Presentation } from '../report/result.ts';

type HumanReporter = (result: Diagnosis, view: Presentation) => string;

/** Reporters are loaded by need: the JSON schema's library costs more than a healthy look at a local server. */
export async function render(
  result: Diagnosis,
  context: Context,
  human: () => Promise<HumanReporter> = async () => (await import('../report/human.ts')).humanDiagnosis,
): Promise<string> {
  switch (context.format) {
    case 'human':
      return (await human())(result, context.view);
    case 'json':
      return (await import('../report/json.ts')).jsonDiagnosis(result);
    case 'junit':
      return (await import('../report/junit.ts')).junitDiagnosis(result, context);
    default:
      return context.format satisfies never;
  }
}
