import { broadcastDims } from './broadcast.js';
import { normalised } from './concat.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** dX = Y (dY - sum(dY Y)), the sum over `axis`. */
export const softmax: BackwardRule = (c) => {
  const { emit } = c;
  const dY = c.lazyDY()!;
  const weighted = emit.op('Mul', [dY.name, c.output()]);
  const total = emit.reduceSum(weighted, [axisOf(c) + 1], true);
  const dims = broadcastDims(dY.dims, c.dims(c.output()));
  return [{ name: emit.op('Sub', [weighted, emit.op('Mul', [c.output(), total])]), dims }];
};

/** dX = dY - exp(Y) sum(dY), the sum over `axis`. */
export const logSoftmax: BackwardRule = (c) => {
  const { emit } = c;
  const dY: Gradient = c.fullDY();
  const total = emit.reduceSum(dY.name, [axisOf(c) + 1], true);
  const share = emit.op('Mul', [emit.op('Exp', [c.output()]), total]);
  return [{ name: emit.op('Sub', [dY.name, share]), dims: broadcastDims(dY.dims, c.dims(c.output())) }];
};

function axisOf(c: BackwardContext): number {
  return normalised(c.int('axis', -1), c.dims(c.input(0)).length);
}
