import type { Command } from '../context.ts';
import { EXIT } from '../exit-code.ts';

/** Every setting with where it came from. It asks Docker, because discovery is one of the sources. */
export const config: Command = async (context) => {
  const rows = await context.settingRows();
  if (context.format === 'json') {
    const { printJson } = await import('../report/json.ts');
    const settings = rows.map((row) => ({ ...row }));
    const document = { schemaVersion: 1, tool: context.tool, command: 'config', settings } as const;
    return { exitCode: EXIT.healthy, text: printJson(document) };
  }
  const { pen } = await import('../report/pen.ts');
  const { text } = pen(context.view);
  const shown = rows.map(({ key, source, value }) => [text(key), text(source), text(value)] as const);
  const keyWidth = Math.max(...shown.map(([key]) => key.length));
  const sourceWidth = Math.max(...shown.map(([, source]) => source.length));
  const lines = shown.map(
    ([key, source, value]) => `${key.padEnd(keyWidth)}  ${source.padEnd(sourceWidth)}  ${value}`,
  );
  return { exitCode: EXIT.healthy, text: `${lines.join('\n')}\n` };
};
