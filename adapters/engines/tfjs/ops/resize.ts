import { resamplingMatrix, type Resampling } from '../../../../core/compile/backward/resampling.js';
import { floatOf, floatsOf, intOf, intsOf, stringOf } from '../../../../core/onnx/attributes.js';
import { axesIn } from '../../../../core/onnx/shapes/call.js';
import { numbersOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import { around, taken } from '../shapes.js';

/** A linear map along every axis; one that copies elements is a gather. */
export const resize: KernelTable = kernels('first', {
  Resize: resized,
  Upsample: resized,
});

function resized(c: KernelCall) {
  const { tf } = c;
  const [from, to] = [c.dims(0), c.out[0]!.dims];
  const [how, scales] = [resamplingOf(c), scalesOf(c, from, to)];
  let [x, dims] = [c.x(0), from];
  from.forEach((extent, axis) => {
    const count = to[axis]!;
    if (extent === count && scales[axis] === 1) return;
    const matrix = new Float32Array(count * extent);
    resamplingMatrix(matrix, extent, count, scales[axis]!, how);
    const [outer, , inner] = around(dims, axis);
    const copies = how.mode === 'nearest' ? sourcesOf(matrix, extent) : undefined;
    if (copies) x = taken(tf, x, dims, axis, copies);
    else {
      const map = tf.tensor(matrix, [count, extent], 'float32');
      const rows = tf.reshape(x, [outer, extent, inner]);
      // [outer, extent] times its transpose where nothing lies behind the axis, else one product per outer index.
      x =
        inner === 1
          ? tf.matMul(tf.reshape(rows, [outer, extent]), map, false, true)
          : tf.matMul(tf.tile(tf.reshape(map, [1, count, extent]), [outer, 1, 1]), rows);
    }
    dims = dims.with(axis, count);
  });
  return x;
}

/** Which element each row takes. */
function sourcesOf(matrix: Float32Array, extent: number): number[] {
  return Array.from({ length: matrix.length / extent }, (_, row) =>
    matrix.subarray(row * extent, (row + 1) * extent).indexOf(1),
  );
}

/** As given, or from the sizes that came out. */
function scalesOf(c: KernelCall, from: readonly number[], to: readonly number[]): number[] {
  const { op, node } = c;
  const axes = axesIn(op, intsOf(node, 'axes', undefined) ?? from.map((_, axis) => axis), from.length);
  const scales = from.map((extent, axis) => Math.fround(to[axis]! / extent));
  const index = op.opset < 11 ? 1 : 2;
  const given =
    node.op === 'Upsample' && op.opset < 9
      ? floatsOf(node, 'scales', [])
      : c.has(index)
        ? numbersOf(c.host(index))
        : [];
  if (given.length > 0) axes.forEach((axis, i) => (scales[axis] = given[i]!));
  return scales;
}

function resamplingOf(c: KernelCall): Resampling {
  const { node, op } = c;
  const old = op.opset < 11 || node.op === 'Upsample';
  const transformation = old ? 'asymmetric' : stringOf(node, 'coordinate_transformation_mode', 'half_pixel');
  if (!known.has(transformation)) c.fail(`coordinate_transformation_mode '${transformation}'`);
  const policy = stringOf(node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') c.fail(`keep_aspect_ratio_policy '${policy}'`);
  const mode = stringOf(node, 'mode', 'nearest');
  if (mode !== 'nearest' && mode !== 'linear' && mode !== 'cubic') c.fail(`mode '${mode}'`);
  return {
    mode: mode,
    transformation: transformation as Resampling['transformation'],
    rounding: old ? 'floor' : stringOf(node, 'nearest_mode', 'round_prefer_floor'),
    cubicCoefficient: floatOf(node, 'cubic_coeff_a', -0.75),
    excludeOutside: intOf(node, 'exclude_outside', 0) !== 0,
    antialias: intOf(node, 'antialias', 0) !== 0,
  };
}

const known = new Set([
  'half_pixel',
  'pytorch_half_pixel',
  'tf_half_pixel_for_nn',
  'align_corners',
  'asymmetric',
  'half_pixel_symmetric',
]);
