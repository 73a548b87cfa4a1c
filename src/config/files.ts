import { readFileSync, statSync } from 'node:fs';

/** The part of a file system that configuration reads. */
export interface ConfigFiles {
  /** Null: there is no such file. Throws where it is there and cannot be read. */
  readText(path: string): string | null;
  isDirectory(path: string): boolean;
}

export const nodeFiles: ConfigFiles = {
  readText(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  },
  isDirectory(path) {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  },
};

/** Reads a file for a setting and puts what is wrong with it into words; never throws. */
export function readFor(
  files: ConfigFiles,
  path: string,
): { readonly text: string } | { readonly absent: true } | { readonly unreadable: string } {
  try {
    const text = files.readText(path);
    return text === null ? { absent: true } : { text };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { unreadable: `${path} cannot be read (${code})` };
  }
}
