import { bytesOf } from '../../../core/onnx/dtypes.js';
import type { DType, Tensor } from '../../../core/onnx/graph.js';
import { decodeBfloat16, decodeFloat16, sizeOf } from '../../../core/onnx/tensor.js';
import { ScanError } from '../../../core/scan/errors.js';
import { parseObject } from './json.js';

/** A tensor that lies in a file. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Little-endian, row-major; the file's own memory. */
  readonly bytes: Uint8Array;
  /** The file it lies in, for errors. */
  readonly file: string;
}

/**
 * The tensors of a safetensors file: 8 bytes with the length of the header, the header in JSON, the tensors without gaps.
 * Source: https://github.com/huggingface/safetensors#format
 *
 * @param file names it in errors.
 * @throws ScanError `model-malformed`, `model-unsupported-format` for an element type that ONNX has none for.
 */
export function readSafetensors(bytes: Uint8Array, file: string): Map<string, StoredTensor> {
  const { entries, body } = readHeader(bytes, file);
  const tensors = new Map<string, StoredTensor>();
  const spans: { readonly name: string; readonly begin: number; readonly end: number }[] = [];
  for (const [name, entry] of entries) {
    if (name === '__metadata__') continue;
    const { dtype, dims, begin, end } = checkEntry(entry, name, file);
    if (end > body.length) throw malformed(file, `tensor '${name}' ends at ${end} of ${body.length} bytes; cut short?`);
    spans.push({ name, begin, end });
    tensors.set(name, { dtype, dims, bytes: body.subarray(begin, end), file });
  }
  let at = 0;
  for (const { name, begin, end } of spans.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw malformed(file, `tensor '${name}' begins at byte ${begin} of the data, not at ${at}`);
    at = end;
  }
  if (at !== body.length) throw malformed(file, `${body.length - at} bytes behind the last tensor`);
  return tensors;
}

/** Whether a file begins like one: the header is an object, and its length one that a file can have. */
export function looksLikeSafetensors(head: Uint8Array, size: number): boolean {
  if (size < 10 || head.length < 10 || head[8] !== openBrace) return false;
  const length = headerLength(head);
  if (length < 2 || 8 + length > size) return false;
  const next = head.subarray(9).find((byte) => !whitespace.has(byte));
  return next === quote || next === closeBrace;
}

/**
 * A tensor of floating-point numbers in float32, which everything is computed in: a view of the file where its bytes are
 * float32 at an address that allows it, else the one copy.
 */
export function tensorOf({ dtype, dims, bytes }: StoredTensor): Tensor {
  const count = sizeOf(dims);
  if (dtype === 'float32') return { dtype, dims, data: arrayOf(bytes, Float32Array, count) };
  if (dtype === 'float64') {
    return { dtype: 'float32', dims, data: Float32Array.from(arrayOf(bytes, Float64Array, count)) };
  }
  const decode = dtype === 'float16' ? decodeFloat16 : decodeBfloat16;
  const data = new Float32Array(count);
  arrayOf(bytes, Uint16Array, count).forEach((bits, i) => (data[i] = decode(bits)));
  return { dtype: 'float32', dims, data };
}

/** The longest header: 200,000 tensors need less. The format allows 100 MB, whose JSON could take gigabytes. */
const maxHeaderBytes = 2 ** 25;
const maxTensors = 200_000;
const maxRank = 16;

const openBrace = 0x7b;
const closeBrace = 0x7d;
const quote = 0x22;
const whitespace = new Set([0x20, 0x09, 0x0a, 0x0d]);

const dtypes: ReadonlyMap<unknown, DType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U64', 'uint64'],
  ['U32', 'uint32'],
  ['U16', 'uint16'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

function readHeader(bytes: Uint8Array, file: string): { entries: [string, unknown][]; body: Uint8Array } {
  if (bytes.length < 10) throw malformed(file, `${bytes.length} bytes are too few for a header; cut short?`);
  const length = headerLength(bytes);
  if (8 + length > bytes.length)
    throw malformed(file, `the header has ${length} bytes, the file ${bytes.length}; cut short?`);
  if (length > maxHeaderBytes) throw malformed(file, `a header of ${length} bytes (limit ${maxHeaderBytes})`);
  const entries = Object.entries(parseObject(bytes.subarray(8, 8 + length), `${file}: header`));
  if (entries.length > maxTensors) throw malformed(file, `${entries.length} tensors (limit ${maxTensors})`);
  return { entries, body: bytes.subarray(8 + length) };
}

/** Unsigned, 64 bits, little-endian; beyond 2^53 nearly so, which no file reaches. */
function headerLength(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
}

function checkEntry(
  entry: unknown,
  name: string,
  file: string,
): { dtype: DType; dims: number[]; begin: number; end: number } {
  const { dtype: stored, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const dtype = dtypes.get(stored);
  if (!isSizes(shape) || shape.length > maxRank) throw malformed(file, `tensor '${name}' has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw malformed(file, `tensor '${name}' has no valid data_offsets`);
  if (!dtype) {
    if (typeof stored !== 'string') throw malformed(file, `tensor '${name}' has no dtype`);
    throw new ScanError(
      'model-unsupported-format',
      `${file}: tensor '${name}' holds ${stored.slice(0, 40)} values; supported are ${[...dtypes.keys()].join(', ')}. Save the model in F32`,
    );
  }
  const [begin, end] = offsets as [number, number];
  const size = sizeOf(shape) * bytesOf(dtype);
  if (end - begin !== size) {
    throw malformed(
      file,
      `tensor '${name}' of ${String(stored)}[${shape.join(', ')}] takes ${size} bytes, not ${end - begin}`,
    );
  }
  return { dtype, dims: shape, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

interface NumberArray<T> {
  new (length: number): T;
  new (buffer: ArrayBufferLike, offset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** A view where the address allows one. */
function arrayOf<T>(bytes: Uint8Array, type: NumberArray<T>, count: number): T {
  if (bytes.byteOffset % type.BYTES_PER_ELEMENT === 0) return new type(bytes.buffer, bytes.byteOffset, count);
  // Not slice(): of a Buffer that is a view as well.
  return new type(new Uint8Array(bytes).buffer, 0, count);
}

function malformed(file: string, what: string): ScanError {
  return new ScanError('model-malformed', `${file}: not a valid safetensors file: ${what}`);
}
