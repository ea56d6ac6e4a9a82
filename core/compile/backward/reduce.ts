import { ints, numbersOf, sizeOf } from '../../onnx/tensor.js';
import { scaledBy } from './arithmetic.js';
import { times, reshapeGradient } from './broadcast.js';
import { normalised } from './concat.js';
import { formula } from './elementwise.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** dX = dY, the same for every reduced element: the reduced axes stay lazy. */
export const reduceSum: BackwardRule = (c) => [spread(c)];

/** dX = dY / n, n elements reduced into one. */
export const reduceMean: BackwardRule = (c) => [scaledBy(c, spread(c), 1 / reducedCount(c))];

/** dX = dY 2 x */
export const reduceSumSquare: BackwardRule = (c) => {
  const f = formula(c);
  return [times(c, spread(c), f.mul(f.x, 2), c.dims(c.input(0)))];
};

/** dX = dY sign(x) */
export const reduceL1: BackwardRule = (c) => [times(c, spread(c), c.emit.op('Sign', [c.input(0)]), c.dims(c.input(0)))];

/** dX = dY x / y; 0 where the norm is 0. */
export const reduceL2: BackwardRule = (c) => {
  const f = formula(c);
  const norm = keptOutput(c);
  const safe = f.add(norm, f.call('Sub', 1, f.greater(norm, 0)));
  return [times(c, spread(c), f.div(f.x, safe), c.dims(c.input(0)))];
};

/** dX = dY / sum(x) */
export const reduceLogSum: BackwardRule = (c) => {
  const f = formula(c);
  return [times(c, spread(c), f.call('Exp', f.call('Neg', keptOutput(c))), keptDims(c))];
};

/** dX = dY exp(x - y) */
export const reduceLogSumExp: BackwardRule = (c) => {
  const f = formula(c);
  return [times(c, spread(c), f.call('Exp', f.sub(f.x, keptOutput(c))), c.dims(c.input(0)))];
};

/** Every element gets dY times the product of the others: of all that are not zero, unless another one is zero. */
export const reduceProd: BackwardRule = (c) => {
  const { emit } = c;
  const f = formula(c);
  const axes = reducedAxes(c);
  if (axes.length === 0) return [spread(c)];
  const zero = emit.op('Cast', [emit.op('Equal', [f.x, f.constant(0)])], { to: 1 });
  const filled = f.add(f.x, zero);
  const product = emit.op('ReduceProd', [filled, emit.constant(ints(...axes))], { keepdims: 1 });
  const othersZero = f.sub(emit.reduceSum(zero, axes, true), zero);
  const others = f.mul(f.div(product, filled), f.greater(0.5, othersZero));
  return [times(c, spread(c), others, c.dims(c.input(0)))];
};

/** Max, Min: dY goes to the first element that attains the extremum, as in the pools and in PyTorch's max over an axis. */
export const reduceExtremum: BackwardRule = (c) => {
  const { emit } = c;
  const x = c.dims(c.input(0));
  const axes = reducedAxes(c);
  if (axes.length === 0) return [c.lazyDY()];
  const kept = x.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const order = [...kept, ...axes];
  const ordered = order.map((axis) => x[axis]!);
  const places = reducedCount(c);
  const rows = emit.reshape(emit.transpose(c.input(0), order), [...ordered.slice(0, kept.length), places]);
  const first = emit.op(c.node.op === 'ReduceMax' ? 'ArgMax' : 'ArgMin', [rows], { axis: kept.length, keepdims: 1 });
  const all = BigInt64Array.from({ length: places }, (_, i) => BigInt(i));
  const hit = emit.op('Equal', [first, emit.constant({ dtype: 'int64', dims: [places], data: all })]);
  const mask = emit.op('Cast', [emit.reshape(hit, ordered)], { to: 1 });
  const back = x.map((_, axis) => order.indexOf(axis));
  return [times(c, spread(c), emit.transpose(mask, back), x)];
};

/** Axes from the attribute or the second input; all when there are none (core/onnx/empty-reductions.ts has taken the others). */
export function reducedAxes(c: BackwardContext): number[] {
  const rank = c.dims(c.input(0)).length;
  const tensor = c.hasInput(1) ? c.constant(c.input(1)) : undefined;
  if (c.hasInput(1) && !tensor) c.unsupported('axes that are not constant');
  const axes = tensor ? numbersOf(tensor) : (c.ints('axes') ?? []);
  return axes.length === 0
    ? Array.from({ length: rank }, (_, i) => i)
    : axes.map((axis) => normalised(axis, rank)).sort((a, b) => a - b);
}

/** Shape of the input with every reduced axis 1. */
function keptDims(c: BackwardContext): number[] {
  const axes = reducedAxes(c);
  return c.dims(c.input(0)).map((extent, i) => (axes.includes(i) ? 1 : extent));
}

function reducedCount(c: BackwardContext): number {
  const x = c.dims(c.input(0));
  return sizeOf(reducedAxes(c).map((axis) => x[axis]!));
}

/** dY with the reduced axes put back as 1. */
function spread(c: BackwardContext): Gradient {
  const kept = keptDims(c);
  if (c.int('keepdims', 1) !== 0 || reducedAxes(c).length === 0) return c.lazyDY()!;
  const axes = reducedAxes(c);
  const lazy = c.lazyDY()!;
  const rest = [...lazy.dims];
  const dims = kept.map((_, i) => (axes.includes(i) ? 1 : rest.shift()!));
  return { name: reshapeGradient(c.emit, lazy.name, dims), dims };
}

function keptOutput(c: BackwardContext): string {
  return c.int('keepdims', 1) !== 0 ? c.output() : c.emit.reshape(c.output(), keptDims(c));
}
