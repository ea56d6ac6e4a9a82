import { arrayTypes, bytesOf } from '../../../core/onnx/dtypes.js';
import type { DType, Tensor, TensorData } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { tensorflow } from '../../../proto/gen/tensorflow-types.js';
import { toNumber } from '../onnx/int64.js';
import { tfDType, tfDTypeName } from './dtypes.js';
import type { GraphLimits } from './schema.js';

type Proto = tensorflow.TensorProto.$Properties;

/**
 * A TensorProto: raw bytes, or a list of values of which the last one repeats.
 * @throws ScanError `model-malformed`, `model-too-large`, `model-unsupported-op` for data types that no graph can hold.
 */
export function decodeTensorProto(proto: Proto, what: string, { file, limits, repeat }: TensorSource): Tensor {
  const dtype = knownDType(proto.dtype ?? 0, what, file);
  const dims = fixedDims(proto.tensorShape ?? {}, what, file);
  const elements = elementCount(dims, what, file, limits);
  const raw = proto.tensorContent;
  if (raw && raw.length > 0 && dtype !== 'string')
    return { dtype, dims, data: typedView(raw, dtype, elements, what, file) };
  const listed = listOf(proto, dtype);
  if (listed.length > elements) malformed(file, `${what} has ${listed.length} values for ${elements} elements`);
  if (elements > listed.length) repeat(elements, what);
  if (dtype === 'string') {
    const texts = (proto.stringVal ?? []).map((bytes) => new TextDecoder().decode(bytes));
    return { dtype, dims, data: Array.from({ length: elements }, (_, i) => texts[i] ?? texts.at(-1) ?? '') };
  }
  const data = new arrayTypes[dtype](elements);
  const last = listed.at(-1) ?? 0;
  const big = dtype === 'int64' || dtype === 'uint64';
  for (let i = 0; i < elements; i++) {
    const value = listed[i] ?? last;
    (data as Record<number, number | bigint>)[i] = big ? BigInt(value) : Number(value);
  }
  return { dtype, dims, data };
}

/** Where the tensors of one file come from and how far they may go. */
export interface TensorSource {
  /** Names the file in errors. */
  readonly file: string;
  readonly limits: GraphLimits;
  /** Counts the elements of a tensor that repeats a value: those bytes are not in the file. */
  readonly repeat: (elements: number, what: string) => void;
}

export function tensorSource(file: string, limits: GraphLimits): TensorSource {
  let repeated = 0;
  const repeat = (elements: number, what: string): void => {
    repeated += elements;
    if (repeated <= maxRepeated) return;
    throw new ScanError(
      'model-too-large',
      `${file}: ${what} repeats a value too often (limit ${maxRepeated} elements in all)`,
    );
  };
  return { file, limits, repeat };
}

const maxRepeated = 2 ** 26;

/** Little-endian elements: a view of the file where its alignment allows one. @throws ScanError `model-malformed`. */
export function typedView(
  bytes: Uint8Array,
  dtype: Exclude<DType, 'string'>,
  elements: number,
  what: string,
  file: string,
): Exclude<TensorData, readonly string[]> {
  const width = bytesOf(dtype);
  if (bytes.length !== elements * width) {
    malformed(file, `${what} has ${bytes.length} bytes for ${elements} ${dtype} elements`);
  }
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new arrayTypes[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, elements);
}

/** @throws ScanError `model-unsupported-op`. */
export function knownDType(code: number, what: string, file: string): DType {
  const dtype = tfDType(code);
  if (dtype) return dtype;
  throw new ScanError(
    'model-unsupported-op',
    `${file}: ${what} holds ${tfDTypeName(code)} values. Export the model with float32 weights`,
  );
}

/** @throws ScanError `model-malformed` for a shape that is not known in full. */
export function fixedDims(shape: tensorflow.TensorShapeProto.$Properties, what: string, file: string): number[] {
  const dims = (shape.dim ?? []).map((dim) => toNumber(dim.size));
  if (shape.unknownRank || dims.some((dim) => !(dim >= 0))) malformed(file, `${what} has no fixed shape`);
  return dims;
}

/** Product of the dimensions, checked before anything is allocated. @throws ScanError `model-too-large`. */
export function elementCount(dims: readonly number[], what: string, file: string, limits: GraphLimits): number {
  const elements = dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
  if (elements <= limits.maxElements) return elements;
  throw new ScanError(
    'model-too-large',
    `${file}: ${what} of shape [${dims.join(', ')}] has too many elements (limit maxElements = ${limits.maxElements})`,
  );
}

function listOf(proto: Proto, dtype: DType): readonly (number | bigint)[] {
  switch (dtype) {
    case 'float32':
      return proto.floatVal ?? [];
    case 'float64':
      return proto.doubleVal ?? [];
    case 'int64':
      return (proto.int64Val ?? []).map(toBig);
    case 'uint64':
      return (proto.uint64Val ?? []).map(toBig);
    case 'uint32':
      return proto.uint32Val ?? [];
    case 'bool':
      return (proto.boolVal ?? []).map(Number);
    case 'float16':
    case 'bfloat16':
      return proto.halfVal ?? [];
    case 'string':
      return (proto.stringVal ?? []).map(() => 0);
    default:
      return proto.intVal ?? [];
  }
}

/** Exact, where a Long would be rounded as a number. */
function toBig(value: number | { readonly low: number; readonly high: number }): bigint {
  if (typeof value === 'number') return BigInt(value);
  return (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}

function malformed(file: string, what: string): never {
  throw new ScanError('model-malformed', `${file}: ${what}. Export or download the model again`);
}
