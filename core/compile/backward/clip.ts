import { numbersOf } from '../../onnx/tensor.js';
import { times } from './broadcast.js';
import { toFloat } from './relu.js';
import type { BackwardContext, BackwardRule } from './rule.js';

/** dX = dY [min < y < max]; the bounds may be left out. */
export const clip: BackwardRule = (c) => {
  const { emit } = c;
  const gates = [
    ...(c.hasInput(1) ? [emit.op('Greater', [c.output(), c.input(1)])] : []),
    ...(c.hasInput(2) ? [emit.op('Less', [c.output(), c.input(2)])] : []),
  ];
  const dY = c.lazyDY()!;
  if (gates.length === 0) return [dY];
  const gate = gates.length === 2 ? emit.op('And', gates) : gates[0]!;
  return [times(c, dY, toFloat(emit, gate), c.dims(c.output()))];
};

/** Constant bounds of a Clip: undefined where there is none or it is not constant. */
export function clipBounds(c: BackwardContext): { min: number | undefined; max: number | undefined } {
  const bound = (i: number): number | undefined => {
    const tensor = c.hasInput(i) ? c.constant(c.input(i)) : undefined;
    return tensor && numbersOf(tensor)[0];
  };
  return { min: bound(1), max: bound(2) };
}
