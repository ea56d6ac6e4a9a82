import type { ModelFormat } from '../../../core/ports/model-format.js';
import { isKerasArchive, openArchive } from './archive.js';
import { readH5 } from './h5-file.js';
import { readKeras } from './keras-file.js';

export { kerasGraph, type KerasOptions } from './graph.js';
export { namedWeights, type KerasWeights, type Variable } from './weights.js';

/** Whole models of Keras 2 and 3: `.h5`, and `.keras` archives. */
export const kerasFormat: ModelFormat = {
  name: 'keras',
  detect: (files, main) => {
    const head = files.head(main);
    return isHdf5(head) || isKerasArchive(head, files, main);
  },
  parts: (_files, main) => [main],
  read: (files, main, { maxModelBytes }) => {
    const title = files.title(main);
    const bytes = files.read(main);
    return isHdf5(bytes)
      ? readH5(bytes, title, maxModelBytes)
      : readKeras(openArchive(bytes, title, maxModelBytes), title, maxModelBytes);
  },
};

/** https://docs.hdfgroup.org/hdf5/develop/_f_m_t3.html: the signature at the beginning. */
function isHdf5(head: Uint8Array): boolean {
  return [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => head[i] === byte);
}
