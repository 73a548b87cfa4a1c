import { CAUSES } from '../causes/catalogue.ts';
import { CATALOGUE } from '../checks/catalogue.ts';
import type { Command } from '../context.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { pen } from '../report/pen.ts';

export const explain: Command = async (context, [id = '']) => {
  // A cause stands in texts with its stage, as in worker-stopped@allocation.
  const wanted = id.split('@')[0];
  const record =
    CATALOGUE.find((check) => check.id === wanted) ?? CAUSES.find((cause) => cause.id === wanted);
  if (record === undefined) {
    throw new UsageError(
      'KC_UNKNOWN_ID',
      `no check or cause is called "${id}"`,
      `ids stand in the output of kc-doctor --verbose and --json; known: ${nearest(id).join(', ')}`,
    );
  }
  const probe = 'probe' in record ? record.probe : null;
  if (context.format === 'json') {
    const { printJson } = await import('../report/json.ts');
    const document = {
      schemaVersion: 1,
      tool: context.tool,
      command: 'explain',
      kind: probe === null ? 'check' : 'cause',
      id: record.id,
      title: record.title,
      explain: record.explain,
      probe,
    } as const;
    return { exitCode: EXIT.healthy, text: printJson(document) };
  }
  const paragraphs = [record.explain, ...(probe === null ? [] : [`What settles it: ${probe}.`])];
  const ink = pen(context.view);
  const lines = paragraphs.flatMap((text) => ['', ...ink.wrap(text, '')]);
  return {
    exitCode: EXIT.healthy,
    text: `${[...ink.wrap(`${record.id}: ${record.title}`, '  '), ...lines].join('\n')}\n`,
  };
};

/** Ids that share the most leading letters of a word, five at most. */
function nearest(id: string): readonly string[] {
  const words = id.split(/[/@-]/).filter((word) => word.length > 2);
  const ids = [...CATALOGUE.map((check) => check.id), ...CAUSES.map((cause) => cause.id)];
  const matching = ids.filter((candidate) => words.some((word) => candidate.includes(word)));
  return (matching.length > 0 ? matching : ids).slice(0, 5);
}
