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
  const counts = windowCounts(window, c.int('count_include_pad', 0) !== 0);
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
  { kernel, strides, dilations, before, behind, input, output }: Window,
  includePad: boolean,
): Float32Array {
  const perAxis = kernel.map((taps, i) => {
    const low = includePad ? -before[i]! : 0;
    const high = includePad ? input[i]! + behind[i]! : input[i]!;
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

/** dX sums dY over the windows an element lies in: a box filter over dY spread out by the stride. */
export function boxSum(c: BackwardContext, window: Window, dY: Gradient): Gradient {
  const { emit } = c;
  const { kernel, strides, dilations, before, input, output } = window;
  const channels = c.dims(c.input(0))[1]!;
  const apart = zeroInterleave(emit, emit.reshape(dY.name, [-1, channels, ...output]), [channels], output, strides);
  const span = kernel.map((taps, i) => (taps - 1) * dilations[i]!);
  const front = span.map((s, i) => s - before[i]!);
  const back = input.map((extent, i) => extent + span[i]! - front[i]! - output[i]! * strides[i]!);
  if (dilations.every((dilation) => dilation === 1)) {
    const averaged = emit.op('AveragePool', [padSpatial(emit, apart, front, back)], { kernel_shape: kernel });
    return scaledBy(c, asGradient(c, averaged, dY, input), sizeOf(kernel));
  }
  // ONNX Runtime fuses a Pad into an AveragePool even where the result is one it refuses: pads of the kernel's size and more.
  const ones = emit.constant({
    dtype: 'float32',
    dims: [1, 1, ...kernel],
    data: new Float32Array(sizeOf(kernel)).fill(1),
  });
  const extents = output.map((size, i) => size * strides[i]!);
  const single = padSpatial(emit, emit.reshape(apart, [-1, 1, ...extents]), front, back);
  return asGradient(c, emit.op('Conv', [single, ones], { kernel_shape: kernel, dilations }), dY, input);
}

function asGradient(c: BackwardContext, name: string, share: Gradient, input: readonly number[]): Gradient {
  const dims = [share.dims[0]!, c.dims(c.input(0))[1]!, ...input];
  return { name: c.emit.reshape(name, [-1, ...dims]), dims };
}
