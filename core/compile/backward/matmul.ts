import type { BackwardContext, BackwardRule, Gradient } from './rule.js';
import { broadcastDims, reshapeGradient, unbroadcast } from './broadcast.js';
import { scaledBy, toInput } from './arithmetic.js';

/** dA = dY B^T, dB = A^T dY over the last two axes; the axes before them broadcast. A vector operand is a matrix with one row or column. */
export const matmul: BackwardRule = (c) => {
  const [a, b] = [c.dims(c.input(0)), c.dims(c.input(1))];
  const y = c.dims(c.output());
  const aMatrix = a.length === 1 ? [1, ...a] : a;
  const bMatrix = b.length === 1 ? [...b, 1] : b;
  const yMatrix = [...broadcastDims(aMatrix.slice(0, -2), bMatrix.slice(0, -2)), aMatrix.at(-2)!, bMatrix.at(-1)!];
  const asMatrix = (gradient: Gradient): Gradient =>
    y.length === yMatrix.length ? gradient : { name: reshapeGradient(c.emit, gradient.name, yMatrix), dims: yMatrix };
  const operand = (i: number, own: readonly number[], matrix: readonly number[]): string =>
    own.length === matrix.length ? c.input(i) : c.emit.reshape(c.input(i), matrix);

  const viaA = (): Gradient => {
    const dY = asMatrix(y.length === yMatrix.length && y.length > 2 ? c.dY() : c.fullDY());
    const name = c.emit.op('MatMul', [dY.name, swapped(c, operand(1, b, bMatrix), bMatrix.length)]);
    return fold(
      c,
      { name, dims: [...broadcastDims(dY.dims.slice(0, -2), bMatrix.slice(0, -2)), ...aMatrix.slice(-2)] },
      a,
      aMatrix,
      yMatrix,
    );
  };
  const viaB = (): Gradient => {
    const dY = asMatrix(c.fullDY());
    const name = c.emit.op('MatMul', [swapped(c, operand(0, a, aMatrix), aMatrix.length), dY.name]);
    return fold(c, { name, dims: [...yMatrix.slice(0, -2), ...bMatrix.slice(-2)] }, b, bMatrix, yMatrix);
  };
  return [c.needs(0) ? viaA() : undefined, c.needs(1) ? viaB() : undefined];
};

/** Y = alpha A' B' + beta C, A' and B' optionally transposed matrices. */
export const gemm: BackwardRule = (c) => {
  const transA = c.int('transA', 0) !== 0;
  const transB = c.int('transB', 0) !== 0;
  const alpha = c.float('alpha', 1);
  const transposed = (value: string): string => c.emit.transpose(value, [1, 0]);

  const viaA = (): Gradient => {
    const dY = c.dY();
    const b = transB ? c.input(1) : transposed(c.input(1));
    const name = c.emit.op('MatMul', [dY.name, b]);
    const gradient = { name, dims: [dY.dims[0]!, c.dims(c.input(0))[transA ? 0 : 1]!] };
    return scaledBy(c, transA ? flipped(c, gradient) : gradient, alpha);
  };
  const viaB = (): Gradient => {
    const a = transA ? c.input(0) : transposed(c.input(0));
    const name = c.emit.op('MatMul', [a, c.fullDY().name]);
    const gradient = { name, dims: transB ? [...c.dims(c.input(1))].reverse() : c.dims(c.input(1)) };
    return scaledBy(c, transB ? flipped(c, gradient) : gradient, alpha);
  };
  return [
    c.needs(0) ? viaA() : undefined,
    c.needs(1) ? viaB() : undefined,
    c.needs(2) ? toInput(c, 2, scaledBy(c, c.lazyDY()!, c.float('beta', 1))) : undefined,
  ];
};

function flipped({ emit }: BackwardContext, gradient: Gradient): Gradient {
  return { name: emit.transpose(gradient.name, [0, 2, 1]), dims: [...gradient.dims].reverse() };
}

function swapped({ emit }: BackwardContext, value: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, i) => i);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return emit.transpose(value, perm);
}

/** Sums over broadcast axes and drops the axis that made a vector a matrix. */
function fold(
  c: BackwardContext,
  gradient: Gradient,
  own: readonly number[],
  matrix: readonly number[],
  result: readonly number[],
): Gradient {
  const full = [...result.slice(0, -2), ...matrix.slice(-2)];
  const summed = unbroadcast(c, gradient, matrix, full);
  return own.length === matrix.length ? summed : { name: reshapeGradient(c.emit, summed.name, own), dims: own };
}
