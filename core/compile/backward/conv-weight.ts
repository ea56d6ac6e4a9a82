import type { BackwardContext, Gradient } from './rule.js';
import { windowOf } from './window.js';

/**
 * dW[m, c, t] sums dY[n, m, o] X[n, c, o stride + t dilation - before] over images n and places o: a Conv of X whose kernel is dY,
 * in which images and channels, and strides and dilations, change places.
 */
export function weightGradient(c: BackwardContext): Gradient {
  const { emit } = c;
  const dims = c.dims(c.input(1));
  const [filters, channels, ...taps] = dims as [number, number, ...number[]];
  const { strides, dilations, before, input, output } = windowOf(c, taps);
  const group = c.int('group', 1);
  const images = c.dims(c.input(0))[0]!;
  const grouped = emit.reshape(c.input(0), [images, group, channels, ...input]);
  const x = emit.reshape(emit.transpose(grouped, withSpatial([2, 1, 0], taps)), [channels, group * images, ...input]);
  const dY = emit.reshape(c.fullDY().name, [-1, images, group, filters / group, ...output]);
  const kernel = emit.reshape(emit.transpose(dY, withSpatial([2, 0, 3, 1], taps)), [-1, images, ...output]);

  const after = taps.map(
    (size, i) => strides[i]! * (output[i]! - 1) + dilations[i]! * (size - 1) + 1 - before[i]! - input[i]!,
  );
  const none = [0, 0, ...taps.map(() => 0)];
  const unread = after.map((p) => Math.min(0, p));
  const dW = emit.op('Conv', [emit.pad(x, none, [0, 0, ...unread]), kernel], {
    kernel_shape: output,
    strides: dilations,
    dilations: strides,
    group,
    pads: [...before, ...after.map((p) => Math.max(0, p))],
  });
  const apart = emit.reshape(dW, [channels, group, -1, filters / group, ...taps]);
  return { name: emit.reshape(emit.transpose(apart, withSpatial([2, 1, 3, 0], taps)), [-1, ...dims]), dims };
}

/** A permutation of the first axes; the spatial ones stay where they are. */
function withSpatial(first: readonly number[], taps: readonly number[]): number[] {
  return [...first, ...taps.map((_, i) => first.length + i)];
}
