import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The package's version, wherever it was built to. */
export function packageVersion(dir: string = import.meta.dirname): string {
  const manifest = read(join(dir, 'package.json'));
  if (manifest?.name === 'neuroninspect') return manifest.version;
  const parent = dirname(dir);
  return parent === dir ? 'unknown' : packageVersion(parent);
}

function read(file: string): { name: string; version: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string };
  } catch {
    return undefined;
  }
}
