import { numbersOf } from '../../onnx/tensor.js';
import { normalised } from './concat.js';
import type { BackwardRule } from './rule.js';

/** Y_o sums x up to o, so dX_i sums dY from i on: the same op in the other direction. */
export const cumulativeSum: BackwardRule = (c) => {
  const tensor = c.constant(c.input(1)) ?? c.unsupported('an axis that is not constant');
  const axis = normalised(numbersOf(tensor)[0]!, c.dims(c.input(0)).length);
  const dY = axis === 0 ? c.fullDY() : c.dY();
  const name = c.emit.op(
    'CumSum',
    [dY.name, c.emit.constant({ dtype: 'int64', dims: [], data: BigInt64Array.of(BigInt(axis + 1)) })],
    {
      exclusive: c.int('exclusive', 0),
      reverse: c.int('reverse', 0) === 0 ? 1 : 0,
    },
  );
  return [{ name, dims: dY.dims }];
};
