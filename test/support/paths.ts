import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repoRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Holds `zoo/` and `ops-zoo/`: trained models, clean images and golden values, too large for this repository. */
export const sharedDir = process.env.NEURONINSPECT_SHARED ?? join(repoRoot, '..', 'shared');
export const hasShared = existsSync(join(sharedDir, 'zoo', 'manifest.json'));

function findRoot(dir: string): string {
  const manifest = join(dir, 'package.json');
  if (
    existsSync(manifest) &&
    (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'neuroninspect'
  ) {
    return dir;
  }
  const parent = dirname(dir);
  if (parent === dir) throw new Error('no package.json named neuroninspect above this file');
  return findRoot(parent);
}
