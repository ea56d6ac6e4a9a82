import type { DType } from '../../onnx/graph.js';
import { times } from './broadcast.js';
import { formula } from './elementwise.js';
import { normalised } from './concat.js';
import type { BackwardContext, BackwardRule } from './rule.js';

/**
 * Y = saturate(round(x / scale) + zero point): rounding counts as the identity where it does not saturate (straight-through
 * estimator: Bengio, Leonard, Courville 2013; Jacob et al. 2018), so dX = dY / scale inside the representable range.
 */
export const quantizeLinear: BackwardRule = (c) => {
  const f = formula(c);
  const { scale, dims } = scaleOf(c);
  const zero = c.hasInput(2) ? c.constant(c.input(2)) : undefined;
  if (c.hasInput(2) && !zero) c.unsupported('a zero point that depends on the image');
  const [low, high] = limits[zero?.dtype ?? 'uint8'] ?? c.unsupported(`the element type ${zero?.dtype ?? 'uint8'}`);
  const shifted = zero
    ? f.add(f.div(f.x, scale), c.emit.reshape(c.emit.op('Cast', [c.input(2)], { to: 1 }), dims))
    : f.div(f.x, scale);
  const inside = f.mul(f.greater(shifted, low - 0.5), f.greater(high + 0.5, shifted));
  const gate = f.div(inside, scale);
  return [times(c, c.lazyDY()!, gate, c.dims(c.input(0)))];
};

/** As above with a scale that the values themselves set, so that none lies outside. The scale counts as given. */
export const dynamicQuantizeLinear: BackwardRule = (c) => {
  const scale = formula(c).div(1, c.output(1));
  return [times(c, c.lazyDY()!, scale, [])];
};

/** Y = (x - zero point) scale: dX = dY scale. */
export const dequantizeLinear: BackwardRule = (c) => {
  const { scale, dims } = scaleOf(c);
  return [times(c, c.lazyDY()!, scale, dims)];
};

/** The scale, one for all or one per element of `axis`, in a shape that broadcasts. */
function scaleOf(c: BackwardContext): { scale: string; dims: readonly number[] } {
  const own = c.dims(c.input(1));
  const x = c.dims(c.input(0));
  if (own.length > 1 || c.int('block_size', 0) !== 0) c.unsupported('a scale per block');
  if (own.length === 0 || own[0] === 1) return { scale: c.emit.reshape(c.input(1), []), dims: [] };
  const dims = [own[0]!, ...x.slice(normalised(c.int('axis', 1), x.length) + 1).map(() => 1)];
  return { scale: c.emit.reshape(c.input(1), dims), dims };
}

const limits: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};
