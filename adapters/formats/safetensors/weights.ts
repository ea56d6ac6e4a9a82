import type { Tensor } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import { tensorOf, type StoredTensor } from './header.js';

/** The tensors of a model, taken by name; what an architecture does not take is an error at the end. */
export interface Weights {
  has(name: string): boolean;
  /** Shape of a tensor. @throws ScanError `model-malformed` where there is none of that name. */
  dims(name: string): readonly number[];
  /**
   * The name in the file, once the tensor is there and has these dimensions.
   * @throws ScanError `model-malformed` where it is missing or has another shape.
   */
  take(name: string, dims: readonly number[]): string;
  /** Takes what the architecture has no use for. */
  ignore(pattern: RegExp): void;
  /** @throws ScanError `model-malformed` where tensors were not taken. */
  finish(): void;
  /** Those taken by {@link take}. */
  readonly taken: ReadonlyMap<string, Tensor>;
}

/** @param prefix what may stand before the names in the file. */
export function weightsOf(stored: ReadonlyMap<string, StoredTensor>, title: string, prefix = ''): Weights {
  const taken = new Map<string, Tensor>();
  const used = new Set<string>();
  const malformed = (what: string): ScanError =>
    new ScanError('model-malformed', `${title}: the weights do not fit the config: ${what}`);

  const full = (name: string): string => (stored.has(prefix + name) ? prefix + name : name);
  const find = (name: string): StoredTensor => {
    const tensor = stored.get(name);
    if (tensor) return tensor;
    throw malformed(`there is no tensor '${name}'`);
  };
  const check = (name: string, dims: readonly number[]): StoredTensor => {
    const tensor = find(name);
    if (tensor.dims.join() !== dims.join()) {
      throw malformed(
        `tensor '${name}' has shape [${tensor.dims.join(', ')}], the config asks for [${dims.join(', ')}]`,
      );
    }
    if (!tensor.dtype.includes('float')) throw malformed(`tensor '${name}' holds ${tensor.dtype} values`);
    used.add(name);
    return tensor;
  };

  return {
    taken,
    has: (name) => stored.has(full(name)),
    dims: (name) => find(full(name)).dims,
    take: (inner, dims) => {
      const name = full(inner);
      const tensor = check(name, dims);
      if (!taken.has(name)) taken.set(name, tensorOf(tensor));
      return name;
    },
    ignore: (pattern) => {
      for (const name of stored.keys()) if (pattern.test(name)) used.add(name);
    },
    finish: () => {
      const left = [...stored.keys()].filter((name) => !used.has(name));
      if (left.length === 0) return;
      const some = left.slice(0, 3).map((name) => `'${name.slice(0, 200)}'`);
      throw malformed(
        `${left.length} tensor${left.length === 1 ? '' : 's'} that the architecture has no place for (${some.join(', ')}${left.length > 3 ? ', ...' : ''})`,
      );
    },
  };
}
