import { intOf, intsOf, stringOf } from '../../../../core/onnx/attributes.js';
import { axisIn } from '../../../../core/onnx/shapes/call.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { TfTensor } from '../library.js';
import { around, expanded, taken, transposed } from '../shapes.js';
import { deviceShape } from '../values.js';

/** Ops that move, repeat or rename values. */
export const layout: KernelTable = kernels('moves', {
  Reshape: view,
  Flatten: view,
  Squeeze: view,
  Unsqueeze: view,
  Identity: view,
  Dropout: (c) => {
    const training = c.has(2) && Number(c.host(2).data[0]) !== 0;
    if (training) c.fail('a Dropout that drops is random');
    return [view(c), c.node.outputs[1] ? c.tf.fill([sizeOf(c.dims(0))], 1, 'float32') : undefined];
  },
  Transpose: ({ tf, node, x, dims }) => {
    const reversed = dims(0).map((_, axis) => dims(0).length - 1 - axis);
    return transposed(tf, x(0), dims(0), intsOf(node, 'perm', reversed));
  },
  Expand: ({ tf, x, dims, out }) => expanded(tf, x(0), dims(0), out[0]!.dims),
  Tile: (c) => {
    let [x, dims] = [c.x(0), c.dims(0)];
    Array.from(c.host(1).data as BigInt64Array, Number).forEach((count, axis) => {
      if (count === 1) return;
      x = c.tf.tile(c.tf.reshape(x, around(dims, axis)), [1, count, 1]);
      dims = dims.with(axis, dims[axis]! * count);
    });
    return x;
  },
  Concat: (c) => {
    const axis = axisIn(c.op, intOf(c.node, 'axis', 0), c.dims(0).length);
    const parts = c.node.inputs.flatMap((_, i) => {
      const [outer, extent, inner] = around(c.dims(i), axis);
      return extent === 0 ? [] : [c.x(i, [outer, extent * inner])];
    });
    return parts.length === 1 ? parts[0]! : c.tf.concat(parts, 1);
  },
  Split: (c) => {
    const axis = axisIn(c.op, intOf(c.node, 'axis', 0), c.dims(0).length);
    const [outer, extent, inner] = around(c.dims(0), axis);
    const x = c.x(0, [outer, extent, inner]);
    let start = 0;
    return c.out.map(({ dims }, i) => {
      const size = dims[axis]!;
      const part = c.node.outputs[i] ? c.tf.slice(x, [0, start, 0], [outer, size, inner]) : undefined;
      start += size;
      return part;
    });
  },
  DepthToSpace: (c) => {
    const [n, channels, height, width] = c.dims(0) as [number, number, number, number];
    const block = intOf(c.node, 'blocksize', 1);
    const depth = channels / block ** 2;
    return stringOf(c.node, 'mode', 'DCR') === 'CRD'
      ? moved(c, [n, depth, block, block, height, width], [0, 1, 4, 2, 5, 3])
      : moved(c, [n, block, block, depth, height, width], [0, 3, 4, 1, 5, 2]);
  },
  SpaceToDepth: (c) => {
    const [n, channels, height, width] = c.dims(0) as [number, number, number, number];
    const block = intOf(c.node, 'blocksize', 1);
    const perm = stringOf(c.node, 'mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
    return moved(c, [n, channels, height / block, block, width / block, block], perm);
  },
  ReverseSequence: (c) => {
    const { tf, node, dims } = c;
    const [batch, time] = [intOf(node, 'batch_axis', 1), intOf(node, 'time_axis', 0)];
    const lengths = Array.from(c.host(1).data as BigInt64Array, Number);
    const [rows, steps] = [dims(0)[batch]!, dims(0)[time]!];
    // One row per step and batch entry, whichever of the two axes comes first.
    const index = Array.from({ length: rows * steps }, (_, i) => {
      const [b, t] = batch === 0 ? [Math.floor(i / steps), i % steps] : [i % rows, Math.floor(i / rows)];
      const from = t < lengths[b]! ? lengths[b]! - 1 - t : t;
      return batch === 0 ? b * steps + from : from * rows + b;
    });
    return taken(tf, c.x(0), [rows * steps, sizeOf(dims(0).slice(2))], 0, index);
  },
  Trilu: (c) => {
    const { tf } = c;
    const [rows, columns] = c.dims(0).slice(-2) as [number, number];
    const upper = intOf(c.node, 'upper', 1) !== 0;
    const k = c.has(1) ? Number(c.host(1).data[0]) : 0;
    const dtype = c.x(0).dtype as 'float32' | 'int32';
    const kept = new Float32Array(rows * columns).map((_, i) => {
      const distance = (i % columns) - Math.floor(i / columns);
      return Number(upper ? distance >= k : distance <= k);
    });
    const mask = tf.tile(tf.tensor(kept, [1, rows * columns], 'float32'), [sizeOf(c.dims(0).slice(0, -2)), 1]);
    const x = c.x(0, mask.shape);
    // A product would make NaN of an infinity that is cut off.
    return tf.where(tf.cast(mask, 'bool'), x, tf.fill(mask.shape, 0, dtype));
  },
});

function view({ out, x }: KernelCall): TfTensor {
  return x(0, deviceShape(out[0]!.dims));
}

function moved(c: KernelCall, dims: readonly number[], perm: readonly number[]): TfTensor {
  return transposed(c.tf, c.x(0), dims, perm);
}
