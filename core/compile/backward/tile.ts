import { numbersOf } from '../../onnx/tensor.js';
import { reshapeGradient } from './broadcast.js';
import type { BackwardRule } from './rule.js';

/** dX sums dY over the repetitions. */
export const tile: BackwardRule = (c) => {
  const tensor = c.constant(c.input(1)) ?? c.unsupported('repeats that are not constant');
  const repeats = numbersOf(tensor);
  const x = c.dims(c.input(0));
  if (repeats.every((count) => count === 1)) return [c.lazyDY()];
  const dY = repeats[0] === 1 ? c.dY() : c.fullDY();
  const own = x.map((extent, axis) => (dY.dims[axis] === 1 ? 1 : extent));
  const split = own.flatMap((extent, axis) => [repeats[axis]!, extent]);
  const axes = repeats.flatMap((count, axis) => (count === 1 ? [] : [2 * axis + 1]));
  const summed = c.emit.reduceSum(c.emit.reshape(dY.name, [-1, ...split]), axes, true);
  return [{ name: reshapeGradient(c.emit, summed, own), dims: own }];
};
