import { floatOf, intsOf, stringOf } from '../../../../core/onnx/attributes.js';
import { axisIn, integersAt } from '../../../../core/onnx/shapes/call.js';
import { numbersOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { taken } from '../shapes.js';

export const pad: KernelTable = kernels('moves', {
  Pad: (c) => {
    const dims = c.dims(0);
    const [before, after] = amounts(c, dims);
    const mode = stringOf(c.node, 'mode', 'constant');
    if (mode === 'constant') return padded(c.tf, c.x(0), dims, before, after, fillOf(c));
    let [x, shape] = [c.x(0), dims];
    dims.forEach((extent, axis) => {
      if (before[axis] === 0 && after[axis] === 0) return;
      const count = before[axis]! + extent + after[axis]!;
      const indices = Array.from({ length: count }, (_, i) => sourceOf(mode, i - before[axis]!, extent));
      x = taken(c.tf, x, shape, axis, indices);
      shape = shape.with(axis, count);
    });
    return x;
  },
});

/** Constant padding; negative amounts crop. The shape of the result is the padded one, neighbours merged. */
export function padded(
  tf: Tf,
  x: TfTensor,
  dims: readonly number[],
  before: readonly number[],
  after: readonly number[],
  fill: number,
): TfTensor {
  const shape: number[] = [];
  const pads: [number, number][] = [];
  let open = false;
  dims.forEach((extent, axis) => {
    const pair: [number, number] = [before[axis]!, after[axis]!];
    const none = pair[0] === 0 && pair[1] === 0;
    if (none && open) shape[shape.length - 1]! *= extent;
    else {
      shape.push(extent);
      pads.push(pair);
    }
    open = none;
  });
  let result = tf.reshape(x, shape);
  if (pads.some((pair) => pair[0] < 0 || pair[1] < 0)) {
    const begin = pads.map(([front]) => Math.max(0, -front));
    const size = shape.map((extent, i) => extent - begin[i]! - Math.max(0, -pads[i]![1]));
    result = tf.slice(result, begin, size);
  }
  if (pads.every((pair) => pair[0] <= 0 && pair[1] <= 0)) return result;
  return tf.pad(
    result,
    pads.map(([front, back]) => [Math.max(0, front), Math.max(0, back)] as const),
    fill,
  );
}

function sourceOf(mode: string, at: number, extent: number): number {
  if (mode === 'edge') return Math.min(Math.max(at, 0), extent - 1);
  if (mode === 'wrap') return ((at % extent) + extent) % extent;
  if (extent === 1) return 0;
  const period = 2 * (extent - 1);
  const folded = ((at % period) + period) % period;
  return folded < extent ? folded : period - folded;
}

function amounts(c: KernelCall, dims: readonly number[]): [number[], number[]] {
  const pads = c.op.opset >= 11 ? integersAt(c.op, 1)! : intsOf(c.node, 'pads', []);
  const axes = (c.has(3) ? integersAt(c.op, 3) : undefined) ?? dims.map((_, axis) => axis);
  const [before, after] = [dims.map(() => 0), dims.map(() => 0)];
  axes.forEach((given, i) => {
    const axis = axisIn(c.op, given, dims.length);
    before[axis] = pads[i]!;
    after[axis] = pads[i + axes.length]!;
  });
  return [before, after];
}

function fillOf(c: KernelCall): number {
  if (c.op.opset < 11) return floatOf(c.node, 'value', 0);
  return c.has(2) ? (numbersOf(c.host(2))[0] ?? 0) : 0;
}
