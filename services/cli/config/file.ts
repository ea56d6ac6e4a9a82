import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ScanError } from '../../../core/scan/errors.js';
import { nearest } from './nearest.js';

export const defaultConfigFile = 'neuroninspect.yaml';

export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads the file named, or `neuroninspect.yaml` of the working directory where there is one.
 * @throws ScanError `usage` for a file that is missing, no YAML mapping, or has a key that no option has.
 */
export async function readConfigFile(
  named: string | undefined,
  keys: readonly string[],
  cwd: string = process.cwd(),
): Promise<ConfigFile | undefined> {
  const path = named ?? defaultConfigFile;
  const text = await readText(resolve(cwd, path), path, named !== undefined);
  if (text === undefined) return undefined;
  const values = await parseYaml(text, path);
  if (values === null) return { path, values: {} };
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new ScanError('usage', `${path} must hold settings such as "fail-on: backdoored", one on a line`);
  }
  for (const key of Object.keys(values)) {
    if (keys.includes(key)) continue;
    const near = nearest(key, keys);
    throw new ScanError(
      'usage',
      `${path} has the unknown key "${key}"; ${near ? `did you mean "${near}"?` : `known are ${keys.join(', ')}`}`,
    );
  }
  return { path, values: values as Record<string, unknown> };
}

/** @throws ScanError `usage` with line and column. */
export async function parseYaml(text: string, path: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    // Few aliases: a file of settings needs none, and nested ones can grow without bound.
    return parse(text, { maxAliasCount: 10, prettyErrors: true }) as unknown;
  } catch (error) {
    throw new ScanError('usage', `${path} is no valid YAML: ${firstLine(error)}`, { cause: error });
  }
}

/** Undefined when an optional file is absent. @throws ScanError `usage`. */
export async function readText(file: string, name: string, required: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ScanError('usage', `${name} cannot be read: ${firstLine(error)}`, { cause: error });
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!.replace(/:$/, '');
}
