import { arrayTypes, bytesOf, dtypeOfCode } from '../../../core/onnx/dtypes.js';
import type { DType, Tensor, TensorData } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { onnx } from '../../../proto/gen/onnx-types.js';
import { dtypeName } from './dtypes.js';
import { toNumber, type Int64 } from './int64.js';
import type { OnnxLimits } from './limits.js';

/** Where tensors come from and how far they may go. */
export interface TensorSource {
  /** Names the model in errors. */
  readonly file: string;
  readonly limits: OnnxLimits;
  readonly external: ExternalData;
  /** Counts the elements of a sparse tensor about to be made dense towards the limit. */
  readonly densify: (elements: number, what: string) => void;
}

export function tensorSource(file: string, limits: OnnxLimits, external: ExternalData): TensorSource {
  let dense = 0;
  const densify = (elements: number, what: string): void => {
    dense += elements;
    if (dense <= limits.maxSparseElements) return;
    throw new ScanError(
      'model-too-large',
      `${file}: ${what} is sparse and too large when made dense (limit maxSparseElements = ${limits.maxSparseElements})`,
    );
  };
  return { file, limits, external, densify };
}

/**
 * `length` bytes at `offset` of a file beside the model.
 * @throws ScanError `model-external-data`.
 */
export type ExternalData = (location: string, offset: number, length: number, tensor: string) => Uint8Array;

type Proto = onnx.TensorProto.$Properties;
type NumericDType = Exclude<DType, 'string'>;

/**
 * @throws ScanError `model-malformed` when shape and data disagree, `model-too-large`, `model-unsupported-op` for data
 *   types no graph can hold, `model-external-data`.
 */
export function decodeTensor(proto: Proto, what: string, source: TensorSource): Tensor {
  const id = proto.dataType ?? 0;
  const dtype = dtypeOfCode(id);
  if (!dtype) {
    throw new ScanError(
      'model-unsupported-op',
      `${source.file}: ${what} holds ${dtypeName(id)} values. Export the model with float32 weights`,
    );
  }
  if (proto.segment) malformed(source, `${what} is split into segments`);
  const dims = decodeDims(proto.dims ?? [], what, source);
  const elements = elementCount(dims, what, source);
  const data =
    dtype === 'string' ? strings(proto, elements, what, source) : numbers(proto, dtype, elements, what, source);
  return { dtype, dims, data };
}

/** The shape as numbers. */
export function decodeDims(dims: readonly Int64[], what: string, source: TensorSource): number[] {
  return dims.map((dim) => {
    const value = toNumber(dim);
    if (value < 0) malformed(source, `${what} has the negative dimension ${value}`);
    return value;
  });
}

/** Product of the dimensions, checked against the limit before anything is allocated. */
export function elementCount(dims: readonly number[], what: string, source: TensorSource): number {
  const elements = dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
  if (elements > source.limits.maxElements) {
    throw new ScanError(
      'model-too-large',
      `${source.file}: ${what} of shape [${dims.join(', ')}] has too many elements (limit maxElements = ${source.limits.maxElements})`,
    );
  }
  return elements;
}

function strings(proto: Proto, elements: number, what: string, source: TensorSource): string[] {
  const values = proto.stringData ?? [];
  if (values.length !== elements) mismatch(values.length, elements, what, source);
  return values.map((bytes) => new TextDecoder().decode(bytes));
}

function numbers(proto: Proto, dtype: NumericDType, elements: number, what: string, source: TensorSource): TensorData {
  if (proto.dataLocation === external) return fromExternal(proto, dtype, elements, what, source);
  const lists = typedList(proto, dtype);
  const listed = lists.reduce((sum, part) => sum + part.length, 0);
  const raw = proto.rawData;
  if (raw && raw.length > 0) {
    if (listed > 0) malformed(source, `${what} stores its values twice`);
    const width = bytesOf(dtype);
    if (raw.length !== elements * width) mismatch(raw.length / width, elements, what, source);
    // The view may start at any byte of the file; typed arrays need an aligned copy.
    return typed(dtype, new Uint8Array(raw).buffer, 0, elements);
  }
  return fromList(lists, dtype, elements, what, source);
}

const external = 1;

function fromExternal(
  proto: Proto,
  dtype: NumericDType,
  elements: number,
  what: string,
  source: TensorSource,
): TensorData {
  const entries = new Map((proto.externalData ?? []).map(({ key, value }) => [key ?? '', value ?? '']));
  const wanted = elements * bytesOf(dtype);
  const offset = wholeNumber(entries.get('offset') ?? '0', 'offset');
  const length = wholeNumber(entries.get('length') ?? String(wanted), 'length');
  if (length !== wanted) {
    throw new ScanError('model-external-data', `${source.file}: ${what} needs ${wanted} bytes but declares ${length}`);
  }
  const bytes = source.external(entries.get('location') ?? '', offset, length, what);
  if (dtype !== 'bool' && bytes.byteOffset % bytesOf(dtype) === 0) {
    return typed(dtype, bytes.buffer, bytes.byteOffset, elements);
  }
  return typed(dtype, new Uint8Array(bytes).buffer, 0, elements);

  function wholeNumber(text: string, key: string): number {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
      throw new ScanError('model-external-data', `${source.file}: ${what} has the ${key} '${text.slice(0, 40)}'`);
    }
    return value;
  }
}

/** The list a data type is stored in when it is not stored raw. */
function typedList(proto: Proto, dtype: NumericDType): readonly Uint8Array[] {
  switch (dtype) {
    case 'float32':
      return proto.floatData ?? [];
    case 'float64':
      return proto.doubleData ?? [];
    case 'int64':
      return proto.int64Data ?? [];
    case 'uint64':
    case 'uint32':
      return proto.uint64Data ?? [];
    default:
      return proto.int32Data ?? [];
  }
}

function fromList(
  parts: readonly Uint8Array[],
  dtype: NumericDType,
  elements: number,
  what: string,
  source: TensorSource,
): TensorData {
  if (dtype === 'float32' || dtype === 'float64') {
    const bytes = joined(parts);
    const width = bytesOf(dtype);
    if (bytes.length !== elements * width) mismatch(bytes.length / width, elements, what, source);
    return typed(dtype, bytes.buffer, 0, elements);
  }
  const count = parts.reduce((sum, part) => sum + countVarints(part), 0);
  if (count !== elements) mismatch(count, elements, what, source);
  const words = readVarints(parts, elements, () => malformed(source, `${what} holds a number that is cut off`));
  if (dtype === 'int64' || dtype === 'uint64') return typed(dtype, words.buffer, 0, elements);
  return narrowed(words, dtype, elements, what, source);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function countVarints(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte < 0x80) count++;
  return count;
}

/** Two words per number, low then high, as a 64-bit integer lies in memory. */
function readVarints(parts: readonly Uint8Array[], elements: number, cutOff: () => never): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(elements * 2);
  let at = 0;
  for (const bytes of parts) {
    for (let i = 0; i < bytes.length;) {
      let low = 0;
      let high = 0;
      for (let shift = 0; ; shift += 7) {
        if (i >= bytes.length || shift > 63) cutOff();
        const byte = bytes[i++]!;
        const bits = byte & 0x7f;
        if (shift < 28) low |= bits << shift;
        else if (shift === 28) {
          low |= bits << 28;
          high = bits >>> 4;
        } else high |= bits << (shift - 32);
        if (byte < 0x80) break;
      }
      words[at++] = low;
      words[at++] = high;
    }
  }
  return words;
}

function narrowed(
  words: Uint32Array,
  dtype: Exclude<NumericDType, 'float32' | 'float64' | 'int64' | 'uint64'>,
  elements: number,
  what: string,
  source: TensorSource,
): TensorData {
  const data = typed(dtype, new ArrayBuffer(elements * bytesOf(dtype)), 0, elements) as Int32Array | Uint32Array;
  const unsigned = dtype === 'uint32';
  for (let i = 0; i < elements; i++) {
    // A negative int32 is written as a 64-bit varint; its low word holds the value.
    const value = unsigned ? words[2 * i]! : words[2 * i]! | 0;
    data[i] = value;
    if (data[i] !== value) malformed(source, `${what} holds ${value}, which is no ${dtype}`);
    if (dtype === 'bool' && value > 1) malformed(source, `${what} holds ${value}, which is no bool`);
  }
  return data;
}

function typed(
  dtype: NumericDType,
  buffer: ArrayBufferLike,
  offset: number,
  elements: number,
): Exclude<TensorData, readonly string[]> {
  const data = new arrayTypes[dtype](buffer as ArrayBuffer, offset, elements);
  // Any non-zero byte is true for an engine, while a graph holds 0 and 1 only.
  if (dtype === 'bool') for (let i = 0; i < elements; i++) if (data[i]! > 1) data[i] = 1;
  return data;
}

function mismatch(found: number, elements: number, what: string, source: TensorSource): never {
  malformed(source, `${what} declares ${elements} values and stores ${found}`);
}

function malformed(source: TensorSource, what: string): never {
  throw new ScanError('model-malformed', `${source.file}: ${what}. Export or download the model again`);
}
