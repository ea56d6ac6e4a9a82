import { intsOf } from '../../../../core/onnx/attributes.js';
import { axisIn, integersAt } from '../../../../core/onnx/shapes/call.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { TfTensor } from '../library.js';

export const slicing: KernelTable = kernels('moves', {
  Slice: (c) => {
    const dims = c.dims(0);
    const whole = dims.map((extent) => ({ start: 0, step: 1, count: extent }));
    for (const { axis, start, step } of cuts(c, dims)) {
      whole[axis] = { start, step, count: c.out[0]!.dims[axis]! };
    }
    return cut(c, dims, whole);
  },
});

interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Axes that are taken whole are merged with their neighbours: backends slice few axes, and fast only up to four. */
function cut(c: KernelCall, dims: readonly number[], ranges: readonly Range[]): TfTensor {
  const { tf } = c;
  const shape: number[] = [];
  const merged: Range[] = [];
  let open = false;
  dims.forEach((extent, axis) => {
    const range = ranges[axis]!;
    const all = range.start === 0 && range.step === 1 && range.count === extent;
    if (all && open) {
      shape[shape.length - 1]! *= extent;
      merged[merged.length - 1] = { start: 0, step: 1, count: shape.at(-1)! };
    } else {
      shape.push(extent);
      merged.push(range);
    }
    open = all;
  });
  let x = c.x(0, shape);
  const backwards = merged.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
  const forward = merged.map((range, axis) =>
    range.step < 0 ? { start: shape[axis]! - 1 - range.start, step: -range.step, count: range.count } : range,
  );
  if (backwards.length > 0) x = tf.reverse(x, backwards);
  const starts = forward.map(({ start }) => start);
  if (forward.every(({ step }) => step === 1)) {
    return tf.slice(
      x,
      starts,
      forward.map(({ count }) => count),
    );
  }
  const ends = forward.map(({ start, step, count }) => start + (count - 1) * step + 1);
  return tf.stridedSlice(
    x,
    starts,
    ends,
    forward.map(({ step }) => step),
  );
}

/** Start and step per axis that is cut; the shape rule has computed how many there are. */
function cuts(c: KernelCall, dims: readonly number[]): { axis: number; start: number; step: number }[] {
  const { op } = c;
  const attributes = op.opset < 10;
  const starts = attributes ? intsOf(c.node, 'starts', []) : integersAt(op, 1)!;
  const axes = (attributes ? intsOf(c.node, 'axes', undefined) : integersAt(op, 3)) ?? starts.map((_, i) => i);
  const steps = (attributes ? undefined : integersAt(op, 4)) ?? starts.map(() => 1);
  return starts.map((given, i) => {
    const axis = axisIn(op, axes[i]!, dims.length);
    const extent = dims[axis]!;
    const positive = given < 0 ? given + extent : given;
    const step = steps[i]!;
    const start = step > 0 ? Math.min(Math.max(positive, 0), extent) : Math.min(Math.max(positive, 0), extent - 1);
    return { axis, start, step };
  });
}
