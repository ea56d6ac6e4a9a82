import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where results are kept: as set, or by the XDG base directory rules. */
export function cacheFolder(
  set: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const base = setOrNot(environment.XDG_CACHE_HOME) ?? join(setOrNot(environment.HOME) ?? homedir(), '.cache');
  return set ?? join(base, 'neuroninspect');
}

export function resultFolder(set: string | undefined): string {
  return join(cacheFolder(set), 'results');
}

/** The XDG rules: an empty variable counts as not set. */
function setOrNot(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
