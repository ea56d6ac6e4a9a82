import type { Tensor } from './graph.js';

export function float32(dims: readonly number[], values: ArrayLike<number>): Tensor {
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  return checked({ dtype: 'float32', dims, data }, data.length);
}

export function int64(dims: readonly number[], values: ArrayLike<number>): Tensor {
  const data = BigInt64Array.from(Array.from(values), saturated);
  return checked({ dtype: 'int64', dims, data }, data.length);
}

/** The largest int64, which exporters write for "to the end", is no double: the nearest one is 2^63. */
function saturated(value: number): bigint {
  return value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
}

/** One-dimensional int64, the form in which ONNX takes shapes, axes, starts and pads. */
export function ints(...values: number[]): Tensor {
  return int64([values.length], values);
}

export function scalar(value: number): Tensor {
  return float32([], [value]);
}

export function bool(dims: readonly number[], values: ArrayLike<number>): Tensor {
  const data = Uint8Array.from(values);
  return checked({ dtype: 'bool', dims, data }, data.length);
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/**
 * The values as JavaScript numbers, half floats decoded.
 * @throws RangeError for string tensors.
 */
export function numbersOf(tensor: Tensor): number[] {
  const { data, dtype } = tensor;
  if (dtype === 'float16') return Array.from(data as Uint16Array, decodeFloat16);
  if (dtype === 'bfloat16') return Array.from(data as Uint16Array, decodeBfloat16);
  if (dtype === 'string') throw new RangeError('a string tensor has no numbers');
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** IEEE 754 binary16. */
export function decodeFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 is the upper half of a binary32. */
export function decodeBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

const scratch = new DataView(new ArrayBuffer(4));

function checked(tensor: Tensor, length: number): Tensor {
  if (sizeOf(tensor.dims) !== length) {
    throw new RangeError(`a tensor of shape [${tensor.dims.join(', ')}] cannot hold ${length} values`);
  }
  return tensor;
}
