import { sizeOf } from '../../onnx/tensor.js';
import { times } from './broadcast.js';
import { toFloat } from './relu.js';
import type { BackwardRule } from './rule.js';

/** dY goes to the first maximum of each channel in row-major order. */
export const globalMaxPool: BackwardRule = (c) => {
  const { emit } = c;
  const x = c.dims(c.input(0));
  const places = sizeOf(x.slice(2));
  const flat = emit.reshape(c.input(0), [x[0]!, x[1]!, places]);
  const first = emit.op('ArgMax', [flat], { axis: 2, keepdims: 1, select_last_index: 0 });
  const all = emit.constant({
    dtype: 'int64',
    dims: [places],
    data: BigInt64Array.from({ length: places }, (_, i) => BigInt(i)),
  });
  const mask = toFloat(emit, emit.op('Equal', [first, all]));
  return [times(c, c.lazyDY()!, emit.reshape(mask, x), x)];
};
