import { arrayTypes } from '../dtypes.js';
import type { DType, Tensor } from '../graph.js';
import { sizeOf } from '../tensor.js';

/** Elements of any tensor, seen through one interface; what is written must fit the element type. */
export interface Cells<T = Cell> {
  readonly length: number;
  [index: number]: T;
}

/** int64 and uint64 are big-ints. */
export type Cell = number | bigint | string;

export function cellsOf(tensor: Tensor): Cells {
  return tensor.data;
}

/** A tensor of zeros (or empty strings) and its elements to write to. */
export function allocate(dtype: DType, dims: readonly number[]): { tensor: Tensor; cells: Cells } {
  const length = sizeOf(dims);
  const data = dtype === 'string' ? new Array<string>(length).fill('') : new arrayTypes[dtype](length);
  return { tensor: { dtype, dims, data }, cells: data };
}

export function isBig(dtype: DType): boolean {
  return dtype === 'int64' || dtype === 'uint64';
}

/** Element types whose cells are the numbers they stand for; half floats are bits and strings no numbers. */
export function isNumeric(dtype: DType): boolean {
  return dtype !== 'float16' && dtype !== 'bfloat16' && dtype !== 'string';
}

/** Row-major steps per axis. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let step = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= dims[axis]!;
  }
  return strides;
}

/** Steps that read `dims` as if it were broadcast to `target`: 0 where an axis repeats. */
export function broadcastStrides(dims: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(dims);
  const offset = target.length - dims.length;
  return target.map((_, axis) => (axis < offset || dims[axis - offset] === 1 ? 0 : own[axis - offset]!));
}

/**
 * Visits the row-major positions of `dims`: `visit(i, offsets)` with one running offset per stride list. The offsets array
 * is reused.
 */
export function walk(
  dims: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (i: number, offsets: readonly number[]) => void,
  starts: readonly number[] = [],
): void {
  const total = sizeOf(dims);
  const index = new Array<number>(dims.length).fill(0);
  const offsets = strides.map((_, k) => starts[k] ?? 0);
  for (let i = 0; i < total; i++) {
    visit(i, offsets);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      for (let k = 0; k < strides.length; k++) offsets[k]! += strides[k]![axis]!;
      if (++index[axis]! < dims[axis]!) break;
      index[axis] = 0;
      for (let k = 0; k < strides.length; k++) offsets[k]! -= strides[k]![axis]! * dims[axis]!;
    }
  }
}

/** Copies a strided view of a tensor: transposing, slicing, repeating. */
export function stridedCopy(
  source: Tensor,
  dims: readonly number[],
  strides: readonly number[],
  start = 0,
  view: readonly number[] = dims,
): Tensor {
  const { tensor, cells } = allocate(source.dtype, dims);
  const from = cellsOf(source);
  walk(view, [strides], (i, offsets) => (cells[i] = from[offsets[0]!]!), [start]);
  return tensor;
}
