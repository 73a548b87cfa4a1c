import type { Command } from '../context.ts';

/** Every setting with where it came from. It asks Docker, because discovery is one of the sources. */
export const config: Command = async (context) => {
  const rows = await context.settingRows();
  if (context.format === 'json') {
    return {
      exitCode: 0,
      text: `${JSON.stringify({ schemaVersion: 1, tool: context.tool, command: 'config', settings: rows }, null, 2)}\n`,
    };
  }
  const keyWidth = Math.max(...rows.map(({ key }) => key.length));
  const sourceWidth = Math.max(...rows.map(({ source }) => source.length));
  const lines = rows.map(
    ({ key, value, source }) => `${key.padEnd(keyWidth)}  ${source.padEnd(sourceWidth)}  ${value}`,
  );
  return { exitCode: 0, text: `${lines.join('\n')}\n` };
};
