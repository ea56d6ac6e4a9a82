import { floatOf, intOf } from '../attributes.js';
import type { Tensor } from '../graph.js';
import { sizeOf } from '../tensor.js';
import type { Evaluator } from './call.js';
import { constantAt } from './call.js';
import { allocate, broadcastStrides, cellsOf, stridesOf, walk } from './cells.js';
import type { Cells } from './cells.js';

/** Multiplications one product may take here; larger ones are left to the engine. */
const maxProducts = 2 ** 24;

const matMul: Evaluator = (call, [type]) => {
  const [left, right] = [constantAt(call, 0), constantAt(call, 1)];
  if (left.dtype !== 'float32') return undefined;
  const a = left.dims.length === 1 ? [1, ...left.dims] : left.dims;
  const b = right.dims.length === 1 ? [...right.dims, 1] : right.dims;
  const [rows, inner, columns] = [a.at(-2)!, a.at(-1)!, b.at(-1)!];
  const { dtype, dims } = type!;
  if (sizeOf(dims) * inner > maxProducts) return undefined;
  const { tensor, cells } = allocate(dtype, dims);
  const batch = dims.slice(0, dims.length - Number(left.dims.length > 1) - Number(right.dims.length > 1));
  const step = (side: readonly number[]) =>
    broadcastStrides(side.slice(0, -2), batch).map((stride) => stride * side.at(-2)! * side.at(-1)!);
  walk(batch, [step(a), step(b)], (i, [x, y]) => {
    product(
      cells as Cells<number>,
      i * rows * columns,
      left,
      x!,
      [inner, 1],
      right,
      y!,
      [columns, 1],
      [rows, inner, columns],
    );
  });
  return [tensor];
};

/** alpha A B + beta C. */
const gemm: Evaluator = (call, [type]) => {
  const [left, right] = [constantAt(call, 0), constantAt(call, 1)];
  const [rows, columns] = type!.dims as [number, number];
  const [transA, transB] = [intOf(call.node, 'transA', 0) !== 0, intOf(call.node, 'transB', 0) !== 0];
  const inner = left.dims[transA ? 0 : 1]!;
  if (left.dtype !== 'float32' || rows * columns * inner > maxProducts) return undefined;
  const { tensor, cells } = allocate('float32', type!.dims);
  const out = cells as Cells<number>;
  const order = (transposed: boolean, { dims }: Tensor) =>
    transposed ? stridesOf(dims).toReversed() : stridesOf(dims);
  product(out, 0, left, 0, order(transA, left), right, 0, order(transB, right), [rows, inner, columns]);
  const [alpha, beta, bias] = [floatOf(call.node, 'alpha', 1), floatOf(call.node, 'beta', 1), call.constants[2]];
  const strides = bias === undefined ? [0, 0] : broadcastStrides(bias.dims, type!.dims);
  walk(type!.dims, [strides], (i, [at]) => {
    out[i] = alpha * out[i]! + (bias === undefined ? 0 : beta * (cellsOf(bias)[at!] as number));
  });
  return [tensor];
};

/** One matrix product; sums run in double precision. */
function product(
  out: Cells<number>,
  offset: number,
  left: Tensor,
  leftStart: number,
  leftSteps: readonly number[],
  right: Tensor,
  rightStart: number,
  rightSteps: readonly number[],
  [rows, inner, columns]: readonly [number, number, number],
): void {
  const [a, b] = [left.data as Float32Array, right.data as Float32Array];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum +=
          a[leftStart + row * leftSteps[0]! + k * leftSteps[1]!]! *
          b[rightStart + k * rightSteps[0]! + column * rightSteps[1]!]!;
      }
      out[offset + row * columns + column] = sum;
    }
  }
}

export const matmulEvaluators: Readonly<Record<string, Evaluator>> = { MatMul: matMul, Gemm: gemm };
