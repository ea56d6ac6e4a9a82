import { sizeOf } from '../../onnx/tensor.js';
import { cropFrom, padSpatial } from './conv.js';
import { formula } from './elementwise.js';
import { interleave } from './interleave.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';
import { tapsOf, windowOf, type Window } from './window.js';

/** dY goes to the first maximum of each window in row-major order, as in PyTorch; METHOD: ties are common and decide verdicts. */
export const maxPool: BackwardRule = (c) => {
  const kernel = c.ints('kernel_shape') ?? c.unsupported('a missing kernel_shape');
  const window = windowOf(c, kernel);
  const masks = firstMaximum(c, window);
  const disjoint = kernel.every((taps, i) => taps <= window.strides[i]! && window.dilations[i] === 1);
  return [disjoint ? disjointWindows(c, window, masks) : overlappingWindows(c, window, masks)];
};

/** One mask per tap, [N, C, ...output], 1 where that tap is the first to attain the maximum. */
function firstMaximum(c: BackwardContext, { kernel, strides, dilations, before, input, output }: Window): string[] {
  const { emit } = c;
  const f = formula(c);
  const reach = output.map((size, i) => (size - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1);
  const lowest = emit.constant({ dtype: 'float32', dims: [], data: Float32Array.of(Number.NEGATIVE_INFINITY) });
  const behind = reach.map((size, i) => Math.max(0, size - before[i]! - input[i]!));
  const padded = emit.pad(f.x, [0, 0, ...before], [0, 0, ...behind], lowest);
  const axes = kernel.map((_, i) => i + 2);
  let remaining = f.constant(1);
  const taps = tapsOf(kernel);
  return taps.map((tap, index) => {
    const starts = tap.map((k, i) => k * dilations[i]!);
    const ends = starts.map((start, i) => start + (output[i]! - 1) * strides[i]! + 1);
    const candidate = emit.slice(padded, starts, ends, axes, strides);
    const equal = emit.op('Cast', [emit.op('Equal', [candidate, c.output()])], { to: 1 });
    const mask = index === 0 ? equal : f.mul(equal, remaining);
    if (index < taps.length - 1) remaining = f.sub(remaining, mask);
    return mask;
  });
}

/** Windows that share no input element: repeat dY over its window and mask it. The mask is per image, not per class. */
function disjointWindows(
  c: BackwardContext,
  { kernel, strides, before, input, output }: Window,
  masks: readonly string[],
): Gradient {
  const { emit } = c;
  const [images, channels] = c.dims(c.input(0)) as [number, number];
  const phases = tapsOf(strides).map((tap) =>
    tap.every((k, i) => k < kernel[i]!) ? masks[indexOf(tap, kernel)]! : undefined,
  );
  const blank = phases.includes(undefined) ? formula(c).mul(masks[0]!, 0) : '';
  const stacked = emit.op(
    'Concat',
    phases.map((mask) => mask ?? blank),
    { axis: 1 },
  );
  const grid = output.map((size, i) => size * strides[i]!);
  const mask = interleave(emit, stacked, channels, output, strides, 'phase-major');
  const dY = c.dY();
  const repeated = repeat(emit, emit.reshape(dY.name, [-1, channels, ...output]), strides);
  const shaped = emit.reshape(repeated, [-1, dY.dims[0]!, channels, ...grid]);
  const masked = emit.op('Mul', [shaped, mask]);
  const front = before.map((size) => -size);
  const back = input.map((extent, i) => before[i]! + extent - grid[i]!);
  return {
    name: emit.pad(masked, [0, 0, 0, ...front], [0, 0, 0, ...back]),
    dims: [images, channels, ...input],
  };
}

/** Windows that overlap: every tap's masked dY is shifted into its phase of the input grid, phases are interleaved. */
function overlappingWindows(c: BackwardContext, window: Window, masks: readonly string[]): Gradient {
  const { emit } = c;
  const { kernel, strides, dilations, before, input, output } = window;
  const [images, channels] = c.dims(c.input(0)) as [number, number];
  const dY = c.dY();
  const cells = input.map((extent, i) =>
    Math.max(
      Math.ceil((before[i]! + extent) / strides[i]!),
      output[i]! + Math.floor(((kernel[i]! - 1) * dilations[i]!) / strides[i]!),
    ),
  );
  const phases = new Map<number, string>();
  tapsOf(kernel).forEach((tap, index) => {
    const offset = tap.map((k, i) => k * dilations[i]!);
    const shift = offset.map((o, i) => Math.floor(o / strides[i]!));
    const phase = indexOf(
      offset.map((o, i) => o % strides[i]!),
      strides,
    );
    const masked = emit.reshape(emit.op('Mul', [dY.name, masks[index]!]), [-1, channels, ...output]);
    const placed = padSpatial(
      emit,
      masked,
      shift,
      cells.map((count, i) => count - output[i]! - shift[i]!),
    );
    const sum = phases.get(phase);
    phases.set(phase, sum ? emit.op('Add', [sum, placed]) : placed);
  });
  const all = Array.from({ length: sizeOf(strides) }, (_, phase) => phases.get(phase));
  const blank = all.includes(undefined) ? formula(c).mul([...phases.values()][0]!, 0) : '';
  const stacked =
    all.length === 1
      ? all[0]!
      : emit.op(
          'Concat',
          all.map((phase) => phase ?? blank),
          { axis: 1 },
        );
  const grid = cells.map((count, i) => count * strides[i]!);
  const merged = interleave(emit, stacked, channels, cells, strides, 'phase-major');
  const dims = [images, channels, ...input];
  return { name: emit.reshape(cropFrom(emit, merged, before, input, grid), [-1, ...dims]), dims };
}

/** Every spatial element repeated `times` along its axis. */
export function repeat(emit: BackwardContext['emit'], value: string, times: readonly number[]): string {
  if (times.every((count) => count === 1)) return value;
  const scales = emit.constant({ dtype: 'float32', dims: [times.length + 2], data: Float32Array.of(1, 1, ...times) });
  return emit.op('Resize', [value, '', scales], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

/** Row-major index of `position` in a box of `extents`. */
function indexOf(position: readonly number[], extents: readonly number[]): number {
  return position.reduce((index, k, i) => index * extents[i]! + k, 0);
}
