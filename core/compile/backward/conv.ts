import type { Tensor } from '../../onnx/graph.js';
import { sizeOf } from '../../onnx/tensor.js';
import { weightGradient } from './conv-weight.js';
import { interleave } from './interleave.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';
import { windowOf, type Window } from './window.js';

/**
 * dX of a convolution, as one of four forward ops; `docs/decisions` says which measurement chose between them.
 * The class and the image axis are merged, so that an engine sees one large batch.
 */
export const conv: BackwardRule = (c) => {
  const weights = c.needs(1) ? weightGradient(c) : undefined;
  const bias = c.needs(2) ? biasGradient(c) : undefined;
  if (!c.needs(0)) return [undefined, weights, bias];
  const weight = c.dims(c.input(1));
  const window = windowOf(c, weight.slice(2));
  const group = c.int('group', 1);
  const dY = c.dY();
  const batch = dY.dims[0]!;
  const merged = c.emit.reshape(dY.name, [-1, weight[0]!, ...window.output]);
  const constant = c.constant(c.input(1));
  const channels = weight[1]! * group;

  const form = constant ? chooseForm(window, channels, group) : 'transpose';
  const dX = forms[form](c, merged, window, group, constant);
  const image = [channels, ...window.input];
  const dims = [batch, ...image];
  return [{ name: c.emit.reshape(dX, [-1, ...dims], [-1, ...image]), dims }, weights, bias];
};

/** One value per channel: dB sums dY over all images and places. */
export function biasGradient(c: BackwardContext): Gradient {
  const dY = c.fullDY();
  const axes = dY.dims.flatMap((_, axis) => (axis === 1 ? [] : [axis + 1]));
  return { name: c.emit.reduceSum(dY.name, axes), dims: [dY.dims[1]!] };
}

type Form = 'flipped' | 'sub-pixel' | 'strided-point' | 'transpose';

function chooseForm({ kernel, strides, dilations, input, output }: Window, channels: number, group: number): Form {
  const strided = strides.some((stride) => stride > 1);
  if (strided && kernel.every((taps) => taps === 1)) return 'strided-point';
  if (strided)
    return dilations.every((d) => d === 1) && channels >= 8 && kernel.every((k, i) => k >= strides[i]!)
      ? 'sub-pixel'
      : 'transpose';
  return group === 1 && sizeOf(input) / sizeOf(output) > flippedGrowth(channels, kernel) ? 'transpose' : 'flipped';
}

/**
 * How much larger than dY dX may be for a flipped Conv to be the faster one: it multiplies zeros around dY, but engines run
 * it in blocks of 16 channels, near the speed of the machine (`docs/benchmarks.md`).
 */
function flippedGrowth(channels: number, kernel: readonly number[]): number {
  if (channels < 16) return 0;
  if (channels < 32) return 1.2;
  return kernel.some((taps) => taps > 3) ? 1.4 : Infinity;
}

type FormRule = (c: BackwardContext, dY: string, window: Window, group: number, weight: Tensor | undefined) => string;

/** ConvTranspose is the transposed map by definition; its weights are those of the forward layer. */
const transposeForm: FormRule = (c, dY, window, group) => {
  const { emit } = c;
  const { kernel, strides, dilations, before, input, output } = window;
  const full = output.map((size, i) => (size - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1);
  const back = full.map((size, i) => before[i]! + input[i]! - size);
  // Engines cut off padding but leave at least one element: outputs that read nothing but padding are cut off here.
  const cut = full.every((size, i) => size > before[i]!) ? before : before.map(() => 0);
  const cropped = back.map((size) => (cut === before ? Math.max(0, -size) : 0));
  const dX = emit.op('ConvTranspose', [dY, c.input(1)], {
    kernel_shape: kernel,
    strides,
    dilations,
    group,
    pads: [...cut, ...cropped],
  });
  return padSpatial(
    emit,
    dX,
    before.map((size, i) => cut[i]! - size),
    back.map((size, i) => size + cropped[i]!),
  );
};

/** Stride 1: a Conv with every kernel flipped and the channel axes swapped. */
const flippedForm: FormRule = ({ emit }, dY, window, group, weight) => {
  const { kernel, dilations, before, input, output } = window;
  const spans = kernel.map((taps, i) => dilations[i]! * (taps - 1));
  const front = spans.map((span, i) => span - before[i]!);
  const back = spans.map((span, i) => input[i]! + span - output[i]! - front[i]!);
  const clean = padSpatial(
    emit,
    dY,
    front.map((p) => Math.min(0, p)),
    back.map((p) => Math.min(0, p)),
  );
  return emit.op('Conv', [clean, emit.constant(flippedWeight(weight!, group), 'flipped')], {
    kernel_shape: kernel,
    dilations,
    group,
    pads: [...front, ...back].map((p) => Math.max(0, p)),
  });
};

/**
 * Stride s: input position i = s q + a - before gets sum_t dY[q - t] w[a + s t], one small convolution per phase a.
 * All phases are computed as channels of one Conv and interleaved.
 */
const subPixelForm: FormRule = ({ emit }, dY, window, group, weight) => {
  const { kernel, strides, before, input, output } = window;
  const taps = kernel.map((k, i) => Math.ceil(k / strides[i]!));
  const cells = input.map((extent, i) => Math.ceil((before[i]! + extent) / strides[i]!));
  const back = cells.map((count, i) => count - output[i]!);
  const clean = padSpatial(
    emit,
    dY,
    back.map(() => 0),
    back.map((p) => Math.min(0, p)),
  );
  const phases = emit.op('Conv', [clean, emit.constant(phaseWeight(weight!, strides, taps, group), 'phases')], {
    kernel_shape: taps,
    group,
    pads: [...taps.map((t) => t - 1), ...back.map((p) => Math.max(0, p))],
  });
  const channels = weight!.dims[1]! * group;
  return cropFrom(
    emit,
    interleave(emit, phases, channels, cells, strides, 'channel-major'),
    before,
    input,
    cells.map((q, i) => q * strides[i]!),
  );
};

/** A 1x1 kernel with a stride reads every s-th pixel: convolve where the output is, then put zeros between. */
const stridedPointForm: FormRule = (c, dY, window, group, weight) => {
  const { emit } = c;
  const { strides, before, input, output } = window;
  const channels = weight!.dims[1]! * group;
  const point = emit.op('Conv', [dY, emit.constant(flippedWeight(weight!, group), 'flipped')], {
    kernel_shape: window.kernel,
    group,
  });
  const spread = zeroInterleave(emit, point, [channels], output, strides);
  return cropFrom(
    emit,
    spread,
    before,
    input,
    output.map((size, i) => size * strides[i]!),
  );
};

const forms: Record<Form, FormRule> = {
  transpose: transposeForm,
  flipped: flippedForm,
  'sub-pixel': subPixelForm,
  'strided-point': stridedPointForm,
};

/** [n, ...lead, ...extents] with `stride - 1` zeros behind every spatial element. */
export function zeroInterleave(
  emit: BackwardContext['emit'],
  value: string,
  lead: readonly number[],
  extents: readonly number[],
  strides: readonly number[],
): string {
  if (strides.every((stride) => stride === 1)) return value;
  const apart = emit.reshape(value, [-1, ...lead, ...extents.flatMap((extent) => [extent, 1])]);
  const none = [0, ...lead.map(() => 0), ...extents.flatMap(() => [0, 0])];
  const behind = [0, ...lead.map(() => 0), ...strides.flatMap((stride) => [0, stride - 1])];
  return emit.reshape(emit.pad(apart, none, behind), [
    -1,
    ...lead,
    ...extents.map((extent, i) => extent * strides[i]!),
  ]);
}

/** Pads (or crops, where negative) the spatial axes of [n, channels, ...spatial]. */
export function padSpatial(
  emit: BackwardContext['emit'],
  value: string,
  before: readonly number[],
  after: readonly number[],
): string {
  return emit.pad(value, [0, 0, ...before], [0, 0, ...after]);
}

/** The spatial window of `size` that starts at `start`; zeros where it reaches past `available`. */
export function cropFrom(
  emit: BackwardContext['emit'],
  value: string,
  start: readonly number[],
  size: readonly number[],
  available: readonly number[],
): string {
  return padSpatial(
    emit,
    value,
    start.map((s) => -s),
    size.map((extent, i) => start[i]! + extent - available[i]!),
  );
}

/** [M, C/g, ...k] to [C, M/g, ...k] with flipped kernels, per group. */
function flippedWeight(weight: Tensor, group: number): Tensor {
  const [m, perGroup, ...kernel] = weight.dims as [number, number, ...number[]];
  const area = sizeOf(kernel);
  const rows = m / group;
  const from = weight.data as Float32Array;
  const data = new Float32Array(from.length);
  for (let g = 0; g < group; g++)
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < perGroup; col++) {
        const source = ((g * rows + row) * perGroup + col) * area;
        const target = ((g * perGroup + col) * rows + row) * area;
        for (let k = 0; k < area; k++) data[target + k] = from[source + area - 1 - k]!;
      }
  return { dtype: 'float32', dims: [perGroup * group, rows, ...kernel], data };
}

/** [M, C/g, ...k] to [C * phases, M/g, ...taps]: channel c, phase a holds w[a + s t] for tap t, flipped. */
function phaseWeight(weight: Tensor, strides: readonly number[], taps: readonly number[], group: number): Tensor {
  const [m, perGroup, ...kernel] = weight.dims as [number, number, ...number[]];
  const rows = m / group;
  const phases = sizeOf(strides);
  const tapArea = sizeOf(taps);
  const area = sizeOf(kernel);
  const from = weight.data as Float32Array;
  const data = new Float32Array(perGroup * group * phases * rows * tapArea);
  const sourceOf = tapSources(kernel, strides, taps);
  for (let g = 0; g < group; g++)
    for (let col = 0; col < perGroup; col++)
      for (let phase = 0; phase < phases; phase++)
        for (let row = 0; row < rows; row++) {
          const target = (((g * perGroup + col) * phases + phase) * rows + row) * tapArea;
          const source = ((g * rows + row) * perGroup + col) * area;
          for (let t = 0; t < tapArea; t++) {
            const k = sourceOf[phase * tapArea + t]!;
            if (k >= 0) data[target + t] = from[source + k]!;
          }
        }
  return { dtype: 'float32', dims: [perGroup * group * phases, rows, ...taps], data };
}

/** For every phase and (flipped) tap the index into the kernel, or -1 past its end. */
function tapSources(kernel: readonly number[], strides: readonly number[], taps: readonly number[]): Int32Array {
  const phases = sizeOf(strides);
  const tapArea = sizeOf(taps);
  const sources = new Int32Array(phases * tapArea);
  for (let phase = 0; phase < phases; phase++)
    for (let tap = 0; tap < tapArea; tap++) {
      let [phaseRest, tapRest, index, scale] = [phase, tap, 0, 1];
      for (let axis = kernel.length - 1; axis >= 0; axis--) {
        const a = phaseRest % strides[axis]!;
        const t = taps[axis]! - 1 - (tapRest % taps[axis]!);
        phaseRest = Math.floor(phaseRest / strides[axis]!);
        tapRest = Math.floor(tapRest / taps[axis]!);
        const k = a + strides[axis]! * t;
        index = k < kernel[axis]! && index >= 0 ? index + k * scale : -1;
        scale *= kernel[axis]!;
      }
      sources[phase * tapArea + tap] = index;
    }
  return sources;
}
