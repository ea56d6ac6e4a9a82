import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';

export interface FoundModels {
  /** As the user would name them, in the order asked for, without repeats. */
  readonly paths: readonly string[];
  /** What matched nothing. */
  readonly missing: readonly string[];
}

/**
 * Model files named by files, folders (searched recursively) and globs. A file that is named outright is taken whatever
 * its extension.
 */
export async function findModels(
  patterns: readonly string[],
  options: { readonly extensions: readonly string[]; readonly cwd?: string },
): Promise<FoundModels> {
  const cwd = options.cwd ?? process.cwd();
  const paths = new Map<string, string>();
  const missing: string[] = [];
  for (const pattern of patterns) {
    const found = await expand(pattern, cwd, options.extensions);
    if (found.length === 0) missing.push(pattern);
    for (const path of found) {
      const file = await realpath(resolve(cwd, path)).catch(() => path);
      if (!paths.has(file)) paths.set(file, path);
    }
  }
  return { paths: [...paths.values()], missing };
}

async function expand(pattern: string, cwd: string, extensions: readonly string[]): Promise<string[]> {
  const info = await stat(resolve(cwd, pattern)).catch(() => undefined);
  if (info?.isDirectory()) {
    const matches = extensions.map((extension) => `**/*${extension}`);
    const found = await glob(matches, { cwd: resolve(cwd, pattern), caseSensitiveMatch: false });
    const prefix = pattern.replace(/[/\\]+$/, '') || pattern;
    return found
      .sort(byDepth)
      .map((name) => (prefix === '.' ? name : prefix === '/' ? `/${name}` : `${prefix}/${name}`));
  }
  if (info !== undefined) return [pattern];
  if (!isDynamicPattern(pattern)) return [];
  return (await glob(pattern, { cwd, expandDirectories: false })).sort(byDepth);
}

/** Shallow first, so that of a file and links to it the one a person would name is kept. */
function byDepth(a: string, b: string): number {
  return a.split('/').length - b.split('/').length || (a < b ? -1 : 1);
}
