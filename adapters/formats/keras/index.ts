import type { ModelFiles, ModelFormat } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { openZip } from '../../images/zip.js';
import { readH5 } from './h5-file.js';
import { readKeras, type KerasArchive } from './keras-file.js';

export { kerasGraph, type KerasOptions } from './graph.js';
export { namedWeights, type KerasWeights, type Variable } from './weights.js';

/** Whole models of Keras 2 and 3: `.h5`, and `.keras` archives. */
export const kerasFormat: ModelFormat = {
  name: 'keras',
  detect: (files, main) => {
    const head = files.head(main);
    return isHdf5(head) || (isKerasArchive(head) && holdsWeights(files, main));
  },
  parts: (_files, main) => [main],
  read: (files, main, { maxModelBytes }) => {
    const title = files.title(main);
    const bytes = files.read(main);
    return isHdf5(bytes)
      ? readH5(bytes, title, maxModelBytes)
      : readKeras(archiveOf(bytes, title, maxModelBytes), title, maxModelBytes);
  },
};

/** https://docs.hdfgroup.org/hdf5/develop/_f_m_t3.html: the signature at the beginning. */
function isHdf5(head: Uint8Array): boolean {
  return [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => head[i] === byte);
}

/** A zip archive that begins with one of Keras' three files. */
function isKerasArchive(head: Uint8Array): boolean {
  const nameAt = 30;
  if (![0x50, 0x4b, 0x03, 0x04].every((byte, i) => head[i] === byte) || head.length < nameAt) return false;
  const length = head[26]! + 256 * head[27]!;
  const name = String.fromCharCode(...head.subarray(nameAt, nameAt + Math.min(length, 64)));
  return ['metadata.json', 'config.json', 'model.weights.h5'].includes(name);
}

/** Other archives begin with a config.json, too. A damaged one counts as what it seems to be. */
function holdsWeights(files: ModelFiles, main: string): boolean {
  try {
    return openZip(files.read(main)).some(({ name }) => name.startsWith('model.weights.'));
  } catch {
    return true;
  }
}

function archiveOf(bytes: Uint8Array, title: string, maxBytes: number): KerasArchive {
  try {
    const entries = new Map(openZip(bytes).map((entry) => [entry.name, entry]));
    const read = (name: string): Uint8Array => {
      const entry = entries.get(name)!;
      if (entry.size > maxBytes)
        throw new ScanError('model-too-large', `${title}: ${name} unpacks to ${entry.size} bytes, more than allowed`);
      try {
        return entry.read();
      } catch (thrown) {
        throw damaged(title, thrown);
      }
    };
    return { has: (name) => entries.has(name), read };
  } catch (thrown) {
    throw damaged(title, thrown);
  }
}

function damaged(title: string, thrown: unknown): ScanError {
  return thrown instanceof ScanError
    ? thrown
    : new ScanError('model-malformed', `${title}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
        cause: thrown,
      });
}
