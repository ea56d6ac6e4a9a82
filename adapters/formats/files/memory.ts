import { headBytes, type ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';

/** Files that are in memory: those of an archive once it is unpacked. @param title names the archive in errors. */
export function memoryFiles(contents: ReadonlyMap<string, Uint8Array>, title: string): ModelFiles {
  const read = (name: string): Uint8Array => {
    const bytes = contents.get(name);
    if (bytes) return bytes;
    throw new ScanError('model-external-data', `${title}: the model needs the file '${name}', which is not in it`);
  };
  return {
    title: (name) => (contents.size === 1 ? title : `${title}: ${name}`),
    names: [...contents.keys()].sort(),
    has: (name) => contents.has(name),
    size: (name) => read(name).length,
    head: (name) => read(name).subarray(0, headBytes),
    read,
  };
}
