import type { DType, Tensor, TensorData } from '../../../core/onnx/graph.js';

/** A tensor that can be read by index, so that an expected value is written as a formula over indices. */
export interface NdArray {
  readonly dims: readonly number[];
  readonly data: readonly number[];
  /** Value at an index; 0 outside the array. */
  at(...index: number[]): number;
}

/** `value` is called with every index in row-major order. */
export function array(dims: readonly number[], value: (...index: number[]) => number): NdArray {
  const data = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, flat) => {
    const index: number[] = [];
    for (let axis = dims.length - 1, rest = flat; axis >= 0; axis--) {
      index.unshift(rest % dims[axis]!);
      rest = Math.floor(rest / dims[axis]!);
    }
    return value(...index);
  });
  const at = (...index: number[]): number => {
    if (index.some((i, axis) => i < 0 || i >= dims[axis]!)) return 0;
    return data[index.reduce((flat, i, axis) => flat * dims[axis]! + i, 0)]!;
  };
  return { dims, data, at };
}

/** Reproducible float32 values in -1..1 without a pattern a wrong axis order could hide in. */
export function noise(dims: readonly number[], seed = 1): NdArray {
  let state = seed * 2654435761;
  return array(dims, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2 ** 31 - 1);
  });
}

export function literal(dims: readonly number[], data: readonly number[]): NdArray {
  const values = data.values();
  return array(dims, () => values.next().value!);
}

export function tensor(source: NdArray, dtype: DType = 'float32'): Tensor {
  return { dtype, dims: source.dims, data: typed(dtype, source.data) };
}

/** Sum of `term` over all index tuples below `extents`. */
export function sum(extents: readonly number[], term: (...index: number[]) => number): number {
  return array(extents, term).data.reduce((a, b) => a + b, 0);
}

function typed(dtype: DType, data: readonly number[]): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(data);
    case 'float64':
      return Float64Array.from(data);
    case 'int64':
      return BigInt64Array.from(data, BigInt);
    case 'int32':
      return Int32Array.from(data);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(data);
    default:
      throw new RangeError(`no test needs ${dtype} yet`);
  }
}
