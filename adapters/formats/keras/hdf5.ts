import type { DType, Tensor, TensorData } from '../../../core/onnx/graph.js';
import { sizeOf } from '../../../core/onnx/tensor.js';
import type { Refusals } from './errors.js';
import { openLibrary, type Library } from './hdf5-library.js';
import { utf8OfBytes } from './hdf5-text.js';

/**
 * What a model needs of an HDF5 file. The library runs in WebAssembly and sees a file system of its own with this one file in
 * it, so that links, external storage and virtual data sets of other files lead nowhere.
 */
export interface Hdf5File {
  /** Undefined where there is none, or none of text. */
  text(group: string, attribute: string): string | undefined;
  /** An attribute of several texts; lists of more than 64 KiB are spread over `name0`, `name1`, ... by Keras. */
  texts(group: string, attribute: string): string[] | undefined;
  /** The names in a group; undefined where it is not there. */
  names(group: string): string[] | undefined;
  /** A data set, copied out once. Undefined where there is none. */
  tensor(path: string): Tensor | undefined;
}

/**
 * @param maxBytes of all that is read from the file, unpacked.
 * @throws ScanError `model-malformed` for a damaged file.
 */
export async function withHdf5<T>(
  bytes: Uint8Array,
  maxBytes: number,
  refuse: Refusals,
  use: (file: Hdf5File) => T,
): Promise<T> {
  const library = await openLibrary();
  return library.withFile(bytes, refuse, (id) => use(fileOf(library, id, { left: maxBytes }, refuse)));
}

/** H5T_CSET_ASCII. */
const asciiText = 0;

/** Elements of an attribute: Keras' longest lists name some thousand weights. */
const maxTexts = 100_000;
const maxNames = 100_000;

function fileOf(library: Library, id: bigint, budget: { left: number }, refuse: Refusals): Hdf5File {
  const { module } = library;
  const spend = (bytes: number, what: string): void => {
    budget.left -= bytes;
    if (!(budget.left >= 0)) refuse.tooLarge(`the data of the file is larger than allowed, at ${what}`);
  };
  const exists = (path: string, type: number): boolean => module.get_type(id, path) === type;
  const read = (group: string, attribute: string): string[] | undefined => {
    if (!exists(group, module.H5G_GROUP) || !module.get_attribute_names(id, group).includes(attribute))
      return undefined;
    const { type, cset, total_size: count } = module.get_attribute_metadata(id, group, attribute);
    if (type !== module.H5T_class_t.H5T_STRING.value) return count === 0 ? [] : undefined;
    if (!(count <= maxTexts)) return refuse.tooLarge(`the attribute ${attribute} of ${group} has ${count} elements`);
    const value = library.attribute(id, group, attribute);
    const all = Array.isArray(value) ? value : [value];
    spend(
      all.reduce((sum: number, each) => sum + (typeof each === 'string' ? each.length : 0), 0),
      attribute,
    );
    if (!all.every((each) => typeof each === 'string')) return undefined;
    return cset === asciiText ? all.map(utf8OfBytes) : all;
  };
  return {
    text: (group, attribute) => read(group, attribute)?.[0],
    texts: (group, attribute) => {
      const whole = read(group, attribute);
      if (whole) return whole;
      const parts: string[] = [];
      for (let i = 0; ; i++) {
        const part = read(group, `${attribute}${i}`);
        if (!part) return i === 0 ? undefined : parts;
        parts.push(...part);
        if (parts.length > maxTexts)
          return refuse.tooLarge(`${attribute} of ${group} has more than ${maxTexts} elements`);
      }
    },
    names: (group) => {
      if (!exists(group, module.H5G_GROUP)) return undefined;
      const names = module.get_names(id, group, false);
      return names.length <= maxNames ? names : refuse.tooLarge(`${group} has more than ${maxNames} members`);
    },
    tensor: (path) => {
      if (!exists(path, module.H5G_DATASET)) return undefined;
      const { type, size, signed, littleEndian, shape, virtual_sources } = module.get_dataset_metadata(id, path);
      const dtype = littleEndian ? dtypeOf(type, size, signed) : undefined;
      if (!dtype || !shape || virtual_sources)
        return refuse.unsupported(`the data set ${path} is of a kind that is not read`);
      const dims = shape.map(Number);
      const bytes = sizeOf(dims) * size;
      if (!Number.isSafeInteger(bytes))
        return refuse.tooLarge(`the data set ${path} declares ${dims.join(' x ')} elements`);
      spend(bytes, path);
      return { dtype, dims, data: viewOf(dtype, library.dataset(id, path, bytes)) };
    },
  };
}

/** Of the classes H5T_INTEGER (0) and H5T_FLOAT (1), by bytes. */
function dtypeOf(type: number, size: number, signed: boolean): DType | undefined {
  if (type === 1) return floatTypes[size];
  if (type !== 0) return undefined;
  return (signed ? signedTypes : unsignedTypes)[size];
}

const floatTypes: Readonly<Record<number, DType>> = { 2: 'float16', 4: 'float32', 8: 'float64' };
const signedTypes: Readonly<Record<number, DType>> = { 1: 'int8', 2: 'int16', 4: 'int32', 8: 'int64' };
const unsignedTypes: Readonly<Record<number, DType>> = { 1: 'uint8', 2: 'uint16', 4: 'uint32', 8: 'uint64' };

function viewOf(dtype: DType, { buffer }: Uint8Array<ArrayBuffer>): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    case 'float16':
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int64':
      return new BigInt64Array(buffer);
    case 'uint64':
      return new BigUint64Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'int8':
      return new Int8Array(buffer);
    default:
      return new Uint8Array(buffer);
  }
}
