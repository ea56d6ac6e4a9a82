import { sizeOf } from '../../../core/onnx/tensor.js';
import type { Tf, TfTensor } from './library.js';

/** [outer, axis, inner] around one axis. */
export function around(dims: readonly number[], axis: number): [number, number, number] {
  return [sizeOf(dims.slice(0, axis)), dims[axis]!, sizeOf(dims.slice(axis + 1))];
}

/**
 * Shapes of operands that broadcast to `out` with as few axes as can be: neighbours that all operands treat alike become one.
 * Backends take few axes, and fewer are faster; plain JavaScript has a fast path for operands without leading ones.
 */
export function collapsed(out: readonly number[], operands: readonly (readonly number[])[]): number[][] {
  const aligned = operands.map((dims) => [...new Array<number>(out.length - dims.length).fill(1), ...dims]);
  const shapes: number[][] = operands.map(() => []);
  let last = '';
  out.forEach((extent, axis) => {
    if (extent === 1) return;
    const pattern = aligned.map((dims) => (dims[axis] === 1 ? '1' : 'n')).join('');
    aligned.forEach((dims, i) => {
      if (pattern === last) shapes[i]![shapes[i]!.length - 1]! *= dims[axis]!;
      else shapes[i]!.push(dims[axis]!);
    });
    last = pattern;
  });
  return shapes.map((dims) => {
    const first = dims.findIndex((extent) => extent !== 1);
    return first < 0 ? [] : dims.slice(first);
  });
}

/** Broadcast by copying. */
export function expanded(tf: Tf, x: TfTensor, dims: readonly number[], out: readonly number[]): TfTensor {
  const [short, to] = collapsed(out, [dims, out]) as [number[], number[]];
  const from = [...new Array<number>(to.length - short.length).fill(1), ...short];
  const reps = to.map((extent, axis) => extent / from[axis]!);
  const shaped = tf.reshape(x, from);
  return reps.every((count) => count === 1) ? shaped : tf.tile(shaped, reps);
}

/** Transposes with neighbours that stay together moved as one axis. */
export function transposed(tf: Tf, x: TfTensor, dims: readonly number[], perm: readonly number[]): TfTensor {
  const moving = perm.filter((axis) => dims[axis] !== 1);
  const groups: number[][] = [];
  for (const axis of moving) {
    const group = groups.at(-1);
    const between = dims.slice((group?.at(-1) ?? 0) + 1, axis);
    if (group && group.at(-1)! < axis && between.every((extent) => extent === 1)) group.push(axis);
    else groups.push([axis]);
  }
  const sources = groups.toSorted((a, b) => a[0]! - b[0]!);
  const shape = sources.map((group) => sizeOf(group.map((axis) => dims[axis]!)));
  const order = groups.map((group) => sources.indexOf(group));
  const shaped = tf.reshape(x, shape);
  return order.every((source, i) => source === i) ? shaped : tf.transpose(shaped, order);
}

/** Some elements along an axis, in any order; the shape is [outer, indices, inner]. */
export function taken(
  tf: Tf,
  x: TfTensor,
  dims: readonly number[],
  axis: number,
  indices: readonly number[] | Int32Array,
): TfTensor {
  const list = tf.tensor(Int32Array.from(indices), [indices.length], 'int32');
  return tf.gather(tf.reshape(x, around(dims, axis)), list, 1);
}
