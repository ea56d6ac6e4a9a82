import { numbersOf } from '../../onnx/tensor.js';
import { toInput } from './arithmetic.js';
import { times } from './broadcast.js';
import { along, normalised } from './concat.js';
import { toFloat } from './relu.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** The sliced-out elements get dY, the others 0. A negative step reverses first, a larger one puts zeros between. */
export const slice: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const y = c.dims(c.output());
  const constant = (i: number): number[] | undefined => {
    if (!c.hasInput(i)) return undefined;
    const tensor = c.constant(c.input(i));
    return tensor ? numbersOf(tensor) : c.unsupported('starts, ends, axes or steps that are not constant');
  };
  const starts = constant(1)!;
  const axes = (constant(3) ?? starts.map((_, i) => i)).map((axis) => normalised(axis, x.length));
  const steps = constant(4) ?? starts.map(() => 1);
  const touched = axes.filter((axis, i) => x[axis] !== y[axis] || steps[i] !== 1);
  if (touched.length === 0) return [c.lazyDY()];

  let gradient = touched.includes(0) ? c.fullDY() : c.dY();
  axes.forEach((axis, i) => {
    if (!touched.includes(axis)) return;
    gradient = unsliced(c, gradient, axis, starts[i]!, steps[i]!, x[axis]!);
  });
  return [gradient];
};

function unsliced(
  { emit }: BackwardContext,
  gradient: Gradient,
  axis: number,
  start: number,
  step: number,
  extent: number,
): Gradient {
  const rank = gradient.dims.length;
  const count = gradient.dims[axis]!;
  const dims = gradient.dims.map((dim, k) => (k === axis ? extent : dim));
  const first =
    step > 0
      ? clamp(start < 0 ? start + extent : start, 0, extent)
      : clamp(start < 0 ? start + extent : start, -1, extent - 1);
  let name = gradient.name;
  if (step < 0) name = emit.slice(name, [-1], [-2147483648], [axis + 1], [-1]);
  const stride = Math.abs(step);
  const low = step > 0 ? first : first - (count - 1) * stride;
  let length = count;
  if (stride > 1) {
    const apart = emit.reshape(name, [-1, ...gradient.dims.slice(0, axis + 1), 1, ...gradient.dims.slice(axis + 1)]);
    const spread = emit.pad(apart, along(axis + 2, rank + 2, 0), along(axis + 2, rank + 2, stride - 1));
    length = count * stride;
    name = emit.reshape(spread, [-1, ...gradient.dims.map((dim, k) => (k === axis ? length : dim))]);
  }
  return {
    name: emit.pad(name, along(axis + 1, rank + 1, low), along(axis + 1, rank + 1, extent - low - length)),
    dims,
  };
}

/** Where(condition, a, b): dY goes to the chosen branch. */
export const where: BackwardRule = (c) => {
  const chosen = toFloat(c.emit, c.input(0));
  const other = (): string => toFloat(c.emit, c.emit.op('Not', [c.input(0)]));
  const dims = c.dims(c.input(0));
  return [
    undefined,
    c.needs(1) ? toInput(c, 1, times(c, c.lazyDY()!, chosen, dims)) : undefined,
    c.needs(2) ? toInput(c, 2, times(c, c.lazyDY()!, other(), dims)) : undefined,
  ];
};

/** Expand: sums over the stretched axes. */
export const expand: BackwardRule = (c) => [toInput(c, 0, c.lazyDY()!)];

/** CastLike between floating types; the second input says only which. */
export const castLike: BackwardRule = (c) => [c.lazyDY(), null];

/** Identity, Cast between floating types, inference Dropout. */
export const passThrough: BackwardRule = (c) => [c.lazyDY()];

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
