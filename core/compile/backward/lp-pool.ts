import { boxSum } from './average-pool.js';
import { times } from './broadcast.js';
import { formula } from './elementwise.js';
import type { BackwardContext, BackwardRule } from './rule.js';
import { windowOf } from './window.js';

/** Y = (sum |x|^p)^(1/p) over each window: dX = sign(x) |x|^(p-1) sum(dY Y^(1-p)) over the windows x lies in; 0 where Y is 0. */
export const lpPool: BackwardRule = (c) => {
  const kernel = c.ints('kernel_shape') ?? c.unsupported('a missing kernel_shape');
  const p = c.int('p', 2);
  const dY = times(c, c.dY(), outputFactor(c, p), c.dims(c.output()));
  return [times(c, boxSum(c, windowOf(c, kernel), dY), inputFactor(c, p), c.dims(c.input(0)))];
};

/** LpPool with the whole input as its window. */
export const globalLpPool: BackwardRule = (c) => {
  const p = c.int('p', 2);
  const dY = times(c, c.lazyDY()!, outputFactor(c, p), c.dims(c.output()));
  return [times(c, dY, inputFactor(c, p), c.dims(c.input(0)))];
};

/** Y^(1-p), 0 where Y is 0. */
function outputFactor(c: BackwardContext, p: number): string {
  const f = formula(c);
  const positive = f.greater(f.y, 0);
  const safe = f.add(f.y, f.sub(1, positive));
  return f.mul(positive, f.call('Pow', safe, 1 - p));
}

/** sign(x) |x|^(p-1) */
function inputFactor(c: BackwardContext, p: number): string {
  const f = formula(c);
  const sign = f.call('Sign', f.x);
  return p === 1 ? sign : f.mul(sign, f.call('Pow', f.call('Abs', f.x), p - 1));
}
