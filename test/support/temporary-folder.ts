import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
// The runner ends a file that takes too long with this signal, which alone would run no handler of `exit`.
process.once('SIGTERM', () => process.exit(143));

/**
 * A folder that is gone at the end of the process, if it is not removed before.
 * @param keep leave it there, for a person to look at.
 */
export function temporaryFolder(name: string, { keep = false } = {}): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `neuroninspect-${name}-`));
  if (!keep) folders.add(path);
  return {
    path,
    remove: () => {
      folders.delete(path);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
