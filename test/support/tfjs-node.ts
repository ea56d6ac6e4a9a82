import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './paths.js';

/**
 * A folder where `@tensorflow/tfjs-node-gpu` is installed with a native library. It lies below this project's node_modules, so
 * that everything else the package needs is found there.
 * @param folder `lib` and `deps` of the native library
 * @returns a path whose packages an engine can use, and how to remove it
 */
export function nativeTfjs(folder: string): { readonly path: string; remove(): void } {
  const modules = join(repoRoot, 'node_modules');
  mkdirSync(join(modules, '.cache'), { recursive: true });
  const root = mkdtempSync(join(modules, '.cache', 'tfjs-node-'));
  const target = join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
  cpSync(join(modules, '@tensorflow', 'tfjs-node-gpu'), target, {
    recursive: true,
    filter: (source) => !/tfjs-node-gpu\/(lib|deps|build)$/.test(source),
  });
  for (const part of ['lib', 'deps']) symlinkSync(join(folder, part), join(target, part));
  return {
    path: join(root, 'index.js'),
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
