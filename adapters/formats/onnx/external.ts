import type { ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { normalName } from '../files/names.js';
import type { ExternalData } from './tensors.js';

export interface ExternalTensors {
  readonly read: ExternalData;
  /** The files read so far, by path relative to the model's folder. */
  readonly names: ReadonlySet<string>;
}

/** The files beside a model that hold its tensors. Each is read once, whole; tensors are views of it. */
export function externalTensors(files: ModelFiles, main: string): ExternalTensors {
  const names = new Set<string>();
  const read: ExternalData = (location, offset, length, tensor) => {
    const refuse = (why: string): never => {
      throw new ScanError(
        'model-external-data',
        `${files.title(main)}: ${tensor} is stored in '${location.slice(0, 200)}': ${why}`,
      );
    };
    const name = normalName(location, refuse);
    const bytes = load(name, refuse);
    if (offset + length > bytes.length) {
      refuse(`bytes ${offset} to ${offset + length} of a file of ${bytes.length}. Was it downloaded completely?`);
    }
    names.add(name);
    return bytes.subarray(offset, offset + length);
  };
  return { read, names };

  function load(name: string, refuse: (why: string) => never): Uint8Array {
    let bytes: Uint8Array;
    try {
      bytes = files.read(name);
    } catch (thrown) {
      if (!(thrown instanceof ScanError) || thrown.code !== 'model-external-data') throw thrown;
      const title = `${files.title(name)}: `;
      return refuse(thrown.message.startsWith(title) ? thrown.message.slice(title.length) : thrown.message);
    }
    // A link to it included: the same file is the same array.
    if (bytes === files.read(main)) refuse('the model file itself');
    return bytes;
  }
}
