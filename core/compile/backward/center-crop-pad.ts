import { numbersOf } from '../../onnx/tensor.js';
import { normalised } from './concat.js';
import type { BackwardRule } from './rule.js';

/** Crops or pads around the middle, the odd element behind: dX is dY padded or cropped there. */
export const centerCropPad: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const shape = c.constant(c.input(1)) ?? c.unsupported('a shape that is not constant');
  const targets = numbersOf(shape);
  const axes = c.ints('axes')?.map((axis) => normalised(axis, x.length)) ?? x.map((_, axis) => axis);
  const before = x.map(() => 0);
  const after = x.map(() => 0);
  axes.forEach((axis, i) => {
    const missing = x[axis]! - targets[i]!;
    before[axis] = Math.trunc(missing / 2);
    after[axis] = missing - before[axis];
  });
  const touchesFirst = before[0] !== 0 || after[0] !== 0;
  const dY = touchesFirst ? c.fullDY() : c.dY();
  const dims = [touchesFirst ? x[0]! : dY.dims[0]!, ...x.slice(1)];
  return [{ name: c.emit.pad(dY.name, [0, ...before], [0, ...after]), dims }];
};
