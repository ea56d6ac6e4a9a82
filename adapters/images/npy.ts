import { decodeFloat16 } from '../../core/onnx/tensor.js';

/** An array of a .npy file, row-major (Fortran order is undone). 64-bit integers are given as doubles. */
export interface NpyArray {
  readonly dims: readonly number[];
  /** Kind and bytes per value, e.g. `f4`, `u1`, `b1`. */
  readonly dtype: string;
  readonly data: NpyData;
}

export type NpyData =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/** Arrays that are written: float32, or whole numbers. */
export interface NpyWritable {
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

const maxHeaderBytes = 65_536;
const maxRank = 32;

/**
 * Reads a .npy file, format versions 1 to 3 (numpy, `numpy.lib.format`). The header is matched against the one form numpy
 * writes and never evaluated; object arrays are refused, because reading them would run code.
 *
 * @throws Error with a one-line reason.
 */
export function readNpy(bytes: Uint8Array): NpyArray {
  const { descr, fortranOrder, dims, offset } = readHeader(bytes);
  const match = /^([<>|=])([fiub])([1248])$/.exec(descr);
  const reader = match && readers[`${match[2]}${match[3]}`];
  if (!match || !reader) {
    const object = descr.includes('O') ? ' (it would run code)' : '';
    throw new Error(`holds values of type ${descr}, which is not read${object}: save it with astype('float32')`);
  }
  const size = dims.reduce((product, dim) => product * dim, 1);
  const width = Number(match[3]);
  const held = bytes.byteLength - offset;
  if (!Number.isSafeInteger(size) || held !== size * width) {
    const fault = held < size * width ? 'is cut short' : 'holds more than one array';
    throw new Error(`${fault}: shape (${dims.join(', ')}) of ${descr} needs ${size * width} bytes, there are ${held}`);
  }
  // A copy of its own, because typed arrays need aligned memory and the swap works in place.
  const values = new Uint8Array(held);
  values.set(bytes.subarray(offset));
  if (match[1] === '>') swapBytes(Buffer.from(values.buffer), width);
  const data = reader(values.buffer);
  return { dims, dtype: `${match[2]}${match[3]}`, data: fortranOrder ? toRowMajor(data, dims) : data };
}

/** A version 1.0 .npy file in C order, as header and values: together they are the file, and no value is copied. */
export function npyParts({ dims, data }: NpyWritable): readonly [header: Uint8Array, values: Uint8Array] {
  const descr = data instanceof Float32Array ? '<f4' : data instanceof Int32Array ? '<i4' : '|u1';
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  // Magic, version and length take 10 bytes; spaces and a line feed align the values to 64.
  const padded = dict + ' '.repeat(63 - ((10 + dict.length) % 64)) + '\n';
  const header = Buffer.alloc(10 + padded.length);
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(padded.length, 8);
  header.write(padded, 10, 'latin1');
  return [header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

function readHeader(bytes: Uint8Array): { descr: string; fortranOrder: boolean; dims: number[]; offset: number } {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 12 || file.toString('latin1', 0, 6) !== '\x93NUMPY') throw new Error('is no .npy data');
  const major = file[6]!;
  if (major < 1 || major > 3) throw new Error(`has .npy format version ${major}, which is not read`);
  const lengthBytes = major === 1 ? 2 : 4;
  const length = file.readUIntLE(8, lengthBytes);
  const offset = 8 + lengthBytes + length;
  if (length > maxHeaderBytes || offset > file.length) throw new Error('has a damaged .npy header');
  const header = file.toString('latin1', 8 + lengthBytes, offset);
  const descr = /^\s*\{.*'descr':\s*(?:'([^']*)'|\[)/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const shape = /'shape':\s*\(([\d\sL,]*)\)/.exec(header);
  if (!descr || !order || !shape) throw new Error('has a damaged .npy header');
  const dims = shape[1]!.split(',').map((text) => text.trim().replace(/L$/, ''));
  if (dims.at(-1) === '') dims.pop();
  if (dims.length > maxRank || !dims.every((text) => /^\d+$/.test(text))) throw new Error('has a damaged .npy shape');
  return { descr: descr[1] ?? 'a record', fortranOrder: order[1] === 'True', dims: dims.map(Number), offset };
}

const readers: Readonly<Record<string, (buffer: ArrayBuffer) => NpyData>> = {
  f2: (buffer) => Float32Array.from(new Uint16Array(buffer), decodeFloat16),
  f4: (buffer) => new Float32Array(buffer),
  f8: (buffer) => new Float64Array(buffer),
  i1: (buffer) => new Int8Array(buffer),
  i2: (buffer) => new Int16Array(buffer),
  i4: (buffer) => new Int32Array(buffer),
  i8: (buffer) => Float64Array.from(new BigInt64Array(buffer), Number),
  u1: (buffer) => new Uint8Array(buffer),
  u2: (buffer) => new Uint16Array(buffer),
  u4: (buffer) => new Uint32Array(buffer),
  u8: (buffer) => Float64Array.from(new BigUint64Array(buffer), Number),
  b1: (buffer) => new Uint8Array(buffer),
};

function swapBytes(values: Buffer, width: number): void {
  if (width === 2) values.swap16();
  else if (width === 4) values.swap32();
  else if (width === 8) values.swap64();
}

/** Fortran order: the first axis runs fastest. */
function toRowMajor<T extends NpyData>(data: T, dims: readonly number[]): T {
  const result = data.slice() as T;
  const strides: number[] = [];
  dims.reduce((stride, dim, axis) => {
    strides[axis] = stride;
    return stride * dim;
  }, 1);
  const index = dims.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      index[axis] = 0;
      from -= strides[axis]! * dims[axis]!;
    }
  }
  return result;
}
