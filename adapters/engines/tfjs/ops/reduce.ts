import { intOf } from '../../../../core/onnx/attributes.js';
import { axisIn } from '../../../../core/onnx/shapes/call.js';
import { reducedAxes } from '../../../../core/onnx/shapes/reduce.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type Kernel, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { around } from '../shapes.js';

export const reduction: KernelTable = kernels('first', {
  ReduceSum: over((tf, x, axes) => tf.sum(x, axes)),
  ReduceMean: over((tf, x, axes) => tf.mean(x, axes)),
  ReduceMax: over((tf, x, axes) => tf.max(x, axes)),
  ReduceMin: over((tf, x, axes) => tf.min(x, axes)),
  ReduceProd: over((tf, x, axes) => tf.prod(x, axes)),
  ReduceL1: over((tf, x, axes) => tf.sum(tf.abs(x), axes)),
  ReduceL2: over((tf, x, axes) => tf.sqrt(tf.sum(tf.square(x), axes))),
  ReduceSumSquare: over((tf, x, axes) => tf.sum(tf.square(x), axes)),
  ReduceLogSum: over((tf, x, axes) => tf.log(tf.sum(x, axes))),
  ReduceLogSumExp: over((tf, x, axes) => {
    // exp(x - max) does not overflow; an infinite maximum is the result itself.
    const most = tf.max(x, axes, true);
    const finite = tf.where(
      tf.equal(tf.abs(most), tf.fill(most.shape, Infinity, 'float32')),
      tf.fill(most.shape, 0, 'float32'),
      most,
    );
    const sum = tf.log(tf.sum(tf.exp(tf.sub(x, finite)), axes));
    return tf.add(sum, tf.reshape(finite, sum.shape));
  }),
  ArgMax: argument((tf, x) => tf.argMax(x, 1)),
  ArgMin: argument((tf, x) => tf.argMin(x, 1)),
});

/** Neighbours that are reduced, or kept, together are merged. Nothing to reduce leaves the formula with an empty list. */
function over(formula: (tf: Tf, x: TfTensor, axes: readonly number[]) => TfTensor): Kernel {
  return (c) => {
    const dims = c.dims(0);
    const reduced = new Set(reducedAxes(c.op, dims.length));
    const shape: number[] = [];
    const axes: number[] = [];
    let last: boolean | undefined;
    dims.forEach((extent, axis) => {
      const now = reduced.has(axis);
      if (now === last) shape[shape.length - 1]! *= extent;
      else {
        shape.push(extent);
        if (now) axes.push(shape.length - 1);
      }
      last = now;
    });
    if (sizeOf([...reduced].map((axis) => dims[axis]!)) === 0) c.fail('a reduction of nothing');
    if (axes.length > 0) return formula(c.tf, c.x(0, shape), axes);
    // tfjs takes an empty list for all axes.
    return formula(c.tf, c.x(0, [...shape, 1]), [shape.length]);
  };
}

/** Index of the first of equals, or of the last. */
function argument(find: (tf: Tf, x: TfTensor) => TfTensor): Kernel {
  return (c: KernelCall) => {
    const { tf } = c;
    const shape = around(c.dims(0), axisIn(c.op, intOf(c.node, 'axis', 0), c.dims(0).length));
    const x = c.x(0, shape);
    if (intOf(c.node, 'select_last_index', 0) === 0) return find(tf, x);
    return tf.sub(tf.scalar(shape[1] - 1, 'int32'), find(tf, tf.reverse(x, [1])));
  };
}
