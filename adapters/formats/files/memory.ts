import { headBytes, type ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { normalName } from './names.js';

/** Files that are in memory: those of an archive once it is unpacked. @param title names the archive in errors. */
export function memoryFiles(contents: ReadonlyMap<string, Uint8Array>, title: string): ModelFiles {
  const named = (name: string): string => (contents.size === 1 ? title : `${title}: ${name}`);
  const refusing =
    (name: string) =>
    (why: string): never => {
      throw new ScanError('model-external-data', `${named(name)}: ${why}`);
    };
  const find = (name: string): Uint8Array | undefined =>
    contents.get(name) ?? contents.get(normalName(name, refusing(name)));
  const read = (name: string): Uint8Array =>
    find(name) ?? refusing(name)('no such file in it. Pack all files of the model together');
  return {
    title: named,
    names: [...contents.keys()].sort(),
    has: (name) => {
      try {
        return find(name) !== undefined;
      } catch {
        return false;
      }
    },
    size: (name) => read(name).length,
    head: (name) => read(name).subarray(0, headBytes),
    read,
  };
}
