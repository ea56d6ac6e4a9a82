import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where results are kept: as set, or by the XDG base directory rules. */
export function cacheFolder(
  set: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const base = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return set ?? join(base, 'neuroninspect');
}

export function resultFolder(set: string | undefined): string {
  return join(cacheFolder(set), 'results');
}
