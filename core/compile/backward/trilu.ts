import { numbersOf } from '../../onnx/tensor.js';
import { times } from './broadcast.js';
import type { BackwardRule } from './rule.js';

/** dX = dY where the triangle was kept. */
export const trilu: BackwardRule = (c) => {
  const shift = c.hasInput(1) ? c.constant(c.input(1)) : undefined;
  if (c.hasInput(1) && !shift) c.unsupported('a diagonal that is not constant');
  const k = shift ? numbersOf(shift)[0]! : 0;
  const upper = c.int('upper', 1) !== 0;
  const [rows, columns] = c.dims(c.input(0)).slice(-2) as [number, number];
  const kept = Float32Array.from({ length: rows * columns }, (_, i) => {
    const offset = (i % columns) - Math.floor(i / columns);
    return (upper ? offset >= k : offset <= k) ? 1 : 0;
  });
  const mask = c.emit.constant({ dtype: 'float32', dims: [rows, columns], data: kept }, 'triangle');
  return [times(c, c.lazyDY()!, mask, [rows, columns])];
};
