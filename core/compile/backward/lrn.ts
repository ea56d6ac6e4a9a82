import { scaledBy } from './arithmetic.js';
import { times } from './broadcast.js';
import { formula } from './elementwise.js';
import type { BackwardContext, BackwardRule } from './rule.js';

/**
 * Y = x s^-beta, s = bias + alpha / size * sum of x^2 over the channels around:
 * dX = dY s^-beta - 2 alpha beta / size * x * sum(dY x s^(-beta-1)) over the channels whose sum x is part of.
 */
export const lrn: BackwardRule = (c) => {
  const { emit } = c;
  const f = formula(c);
  const x = c.dims(c.input(0));
  const [alpha, beta, bias] = [c.float('alpha', 1e-4), c.float('beta', 0.75), c.float('bias', 1)];
  const size = c.int('size', 1);
  const squares = aroundChannels(c, f.mul(f.x, f.x), false);
  const s = f.add(f.mul(squares, alpha / size), bias);
  const power = f.call('Pow', s, -beta);

  const dY = c.fullDY();
  const weighted = times(c, dY, f.div(f.mul(f.x, power), s), x);
  const back = emit.reshape(aroundChannels(c, emit.reshape(weighted.name, [-1, ...x.slice(1)]), true), [-1, ...x]);
  const through = times(c, scaledBy(c, { name: back, dims: x }, (2 * alpha * beta) / size), f.x, x);
  return [{ name: emit.op('Sub', [times(c, dY, power, x).name, through.name]), dims: x }];
};

/** Sum over channels c - floor((size-1)/2) to c + ceil((size-1)/2), or its transpose, as a 1x1 convolution. */
function aroundChannels(c: BackwardContext, value: string, transpose: boolean): string {
  const [, channels, ...spatial] = c.dims(c.input(0)) as [number, number, ...number[]];
  const size = c.int('size', 1);
  const [low, high] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const band = Float32Array.from({ length: channels * channels }, (_, i) => {
    const [row, column] = [Math.floor(i / channels), i % channels];
    const offset = transpose ? row - column : column - row;
    return offset >= -low && offset <= high ? 1 : 0;
  });
  const weight = c.emit.constant(
    { dtype: 'float32', dims: [channels, channels, ...spatial.map(() => 1)], data: band },
    'band',
  );
  return c.emit.op('Conv', [value, weight], { kernel_shape: spatial.map(() => 1) });
}
