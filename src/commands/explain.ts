import { CAUSES } from '../causes/catalogue.ts';
import { CATALOGUE } from '../checks/catalogue.ts';
import type { Command } from '../context.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { REPAIRS } from '../repair/catalogue.ts';
import type { Risk } from '../repair/plan.ts';
import { pen } from '../report/pen.ts';

export const explain: Command = async (context, [id = '']) => {
  // A cause stands in texts with its stage, as in worker-stopped@allocation.
  const wanted = id.split('@')[0];
  const record = explained().find((one) => one.id === wanted);
  if (record === undefined) {
    throw new UsageError(
      'KC_UNKNOWN_ID',
      `no check, cause or repair is called "${id}"`,
      `ids stand in the output of kc-doctor --verbose and --json; known: ${nearest(id).join(', ')}`,
    );
  }
  const { kind, title, probe, risk, offeredFor } = record;
  if (context.format === 'json') {
    const { printJson } = await import('../report/json.ts');
    const document = {
      schemaVersion: 1 as const,
      tool: context.tool,
      command: 'explain' as const,
      kind,
      id: record.id,
      title,
      explain: record.explain,
      probe,
      risk,
      offeredFor: [...offeredFor],
    };
    return { exitCode: EXIT.healthy, text: printJson(document) };
  }
  const paragraphs = [
    record.explain,
    ...(probe === null ? [] : [`What settles it: ${probe}.`]),
    ...(risk === null ? [] : [`Risk: ${risk}. Offered for: ${offeredFor.join(', ')}.`]),
    ...(kind === 'repair' ? [`Its plan, and nothing else: kc-doctor fix ${record.id} --dry-run`] : []),
  ];
  const ink = pen(context.view);
  const lines = paragraphs.flatMap((text) => ['', ...ink.wrap(text, '')]);
  return {
    exitCode: EXIT.healthy,
    text: `${[...ink.wrap(`${record.id}: ${title}`, '  '), ...lines].join('\n')}\n`,
  };
};

interface Explained {
  readonly kind: 'check' | 'cause' | 'repair';
  readonly id: string;
  readonly title: string;
  readonly explain: string;
  /** Null but for a cause. */
  readonly probe: string | null;
  /** Null but for a repair. */
  readonly risk: Risk | null;
  /** Causes that a repair is offered for. */
  readonly offeredFor: readonly string[];
}

function explained(): readonly Explained[] {
  const plain = { probe: null, risk: null, offeredFor: [] } as const;
  return [
    ...CATALOGUE.map((check) => ({ ...plain, ...check, kind: 'check' as const })),
    ...CAUSES.map((cause) => ({ ...plain, ...cause, kind: 'cause' as const })),
    ...REPAIRS.map((repair) => ({ ...plain, ...repair, kind: 'repair' as const })),
  ];
}

/** Ids with a word of it, those first that begin as it does; five at most. */
function nearest(id: string): readonly string[] {
  const words = id.split(/[/@-]/).filter((word) => word.length > 2);
  const ids = explained().map((one) => one.id);
  const matching = ids.filter((candidate) => words.some((word) => candidate.includes(word)));
  const byBeginning = matching.toSorted((a, b) => sharedLength(b, id) - sharedLength(a, id));
  return (matching.length > 0 ? byBeginning : ids).slice(0, 5);
}

function sharedLength(a: string, b: string): number {
  const differs = [...a].findIndex((letter, index) => letter !== b[index]);
  return differs === -1 ? a.length : differs;
}
