import { sizeOf } from '../../onnx/tensor.js';
import { scaledBy } from './arithmetic.js';
import { cropFrom, padSpatial, zeroInterleave } from './conv.js';
import { repeat } from './max-pool.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';
import { tapsOf, windowOf, type Window } from './window.js';

/** Every element of a window gets dY / count, count being the elements the forward pass divided by. */
export const averagePool: BackwardRule = (c) => {
  const kernel = c.ints('kernel_shape') ?? c.unsupported('a missing kernel_shape');
  const window = windowOf(c, kernel);
  const share = divided(c, window);
  const disjoint = kernel.every((taps, i) => taps === window.strides[i] && window.dilations[i] === 1);
  return [disjoint ? repeatWindows(c, window, share) : boxSum(c, window, share)];
};

/** dX = dY / n, n spatial elements; the spatial axes stay lazy. */
export const globalAveragePool: BackwardRule = (c) => [
  scaledBy(c, c.lazyDY()!, 1 / sizeOf(c.dims(c.input(0)).slice(2))),
];

function divided(c: BackwardContext, window: Window): Gradient {
  const counts = windowCounts(window, c.int('count_include_pad', 0) !== 0, c.ints('pads'));
  const dY = c.dY();
  if (counts.every((count) => count === counts[0])) return scaledBy(c, dY, 1 / counts[0]!);
  const factor = c.emit.constant(
    { dtype: 'float32', dims: window.output, data: counts.map((count) => 1 / count) },
    'counts',
  );
  return { name: c.emit.op('Mul', [dY.name, factor]), dims: dY.dims };
}

/** Elements each output divides by: those inside the input, or inside the padded input when padding counts. Never those past it (ceil mode). */
function windowCounts(
  { kernel, strides, dilations, before, input, output }: Window,
  includePad: boolean,
  pads: readonly number[] | undefined,
): Float32Array {
  const perAxis = kernel.map((taps, i) => {
    const behind =
      pads?.[kernel.length + i] ??
      Math.max(0, (output[i]! - 1) * strides[i]! + (taps - 1) * dilations[i]! + 1 - before[i]! - input[i]!);
    const low = includePad ? -before[i]! : 0;
    const high = includePad ? input[i]! + behind : input[i]!;
    return Array.from(
      { length: output[i]! },
      (_, o) =>
        Array.from({ length: taps }, (_, k) => o * strides[i]! + k * dilations[i]! - before[i]!).filter(
          (at) => at >= low && at < high,
        ).length,
    );
  });
  return Float32Array.from(tapsOf(output), (position) =>
    position.reduce((product, o, i) => product * perAxis[i]![o]!, 1),
  );
}

function repeatWindows(c: BackwardContext, { strides, before, input, output }: Window, share: Gradient): Gradient {
  const channels = c.dims(c.input(0))[1]!;
  const grid = output.map((size, i) => size * strides[i]!);
  const repeated = repeat(c.emit, c.emit.reshape(share.name, [-1, channels, ...output]), strides);
  return asGradient(c, cropFrom(c.emit, repeated, before, input, grid), share, input);
}

/** A box filter over dY spread out by the stride: an average pool without padding, times the kernel's area. */
function boxSum(
  c: BackwardContext,
  { kernel, strides, dilations, before, input, output }: Window,
  share: Gradient,
): Gradient {
  const { emit } = c;
  const channels = c.dims(c.input(0))[1]!;
  const apart = zeroInterleave(emit, emit.reshape(share.name, [-1, channels, ...output]), [channels], output, strides);
  const span = kernel.map((taps, i) => (taps - 1) * dilations[i]!);
  const front = span.map((s, i) => s - before[i]!);
  const back = input.map((extent, i) => extent + span[i]! - front[i]! - output[i]! * strides[i]!);
  const padded = padSpatial(emit, apart, front, back);
  const averaged = emit.op('AveragePool', [padded], { kernel_shape: kernel, dilations });
  return scaledBy(c, asGradient(c, averaged, share, input), sizeOf(kernel));
}

function asGradient(c: BackwardContext, name: string, share: Gradient, input: readonly number[]): Gradient {
  const dims = [share.dims[0]!, c.dims(c.input(0))[1]!, ...input];
  return { name: c.emit.reshape(name, [-1, ...dims]), dims };
}
