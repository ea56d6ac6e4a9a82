import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ScanError } from '../../../core/scan/errors.js';

/** What one model may consist of, in a folder or an archive. */
export const maxFiles = 10_000;
const maxDepth = 32;

/**
 * The files under a folder as relative paths with `/` between names, sorted. Hidden ones are left out; a linked file is
 * listed, a linked folder is not entered.
 * @throws ScanError `model-unreadable`, `model-too-large` above {@link maxFiles}.
 */
export function listFolder(path: string): readonly string[] {
  const files: string[] = [];
  const enter = (prefix: string, depth: number): void => {
    for (const entry of entriesOf(join(path, prefix))) {
      if (entry.name.startsWith('.')) continue;
      const name = prefix + entry.name;
      if (entry.isDirectory()) {
        if (depth < maxDepth) enter(`${name}/`, depth + 1);
      } else if (entry.isFile() || (entry.isSymbolicLink() && isFile(join(path, name)))) files.push(name);
      if (files.length > maxFiles) {
        throw new ScanError('model-too-large', `${path}: more than ${maxFiles} files. Give the path of a model file`);
      }
    }
  };
  enter('', 0);
  return files.sort();
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new ScanError('model-unreadable', `${folder}: cannot be read (${code ?? message})`, { cause: thrown });
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
