import { numbersOf } from '../../onnx/tensor.js';
import { axisMatrix, throughAxis } from './axis-map.js';
import { resamplingMatrix, type Resampling } from './resampling.js';
import { scaledBy } from './arithmetic.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** Interpolation is a linear map along every axis: dX is dY through the transposed maps. */
export const resize: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const y = c.dims(c.output());
  const scales = scalesOf(c, x, y);
  const how = resamplingOf(c);
  const moved = x.flatMap((_, axis) => (x[axis] !== y[axis] || scales[axis] !== 1 ? [axis] : []));
  let gradient: Gradient = moved.includes(0) ? c.fullDY() : c.dY();
  const maps = new Map(
    moved.map((axis) => {
      const matrix = axisMatrix(c, y[axis]!, x[axis]!);
      resamplingMatrix(matrix, x[axis]!, y[axis]!, scales[axis]!, how);
      return [axis, matrix];
    }),
  );
  const counts = x.map((extent, axis) => (maps.has(axis) ? repetitions(maps.get(axis)!, extent) : 1));
  const repeatsSpace = moved.every((axis) => axis >= 2) && counts.every((count) => count !== undefined);
  if (repeatsSpace && x.length >= 3 && x.length <= 5) return [summedBlocks(c, gradient, x, counts)];
  for (const [axis, matrix] of maps) gradient = throughAxis(c, gradient, axis, x[axis]!, matrix);
  return [gradient];
};

/** How often each input is repeated, where the map does nothing else: rows of one 1 that moves on every `count` rows. */
function repetitions(matrix: Float32Array, inputs: number): number | undefined {
  const outputs = matrix.length / inputs;
  const count = outputs / inputs;
  if (!Number.isInteger(count)) return undefined;
  for (let o = 0; o < outputs; o++) if (matrix[o * inputs + Math.floor(o / count)] !== 1) return undefined;
  return count;
}

/** The transpose of repeating is summing: an average over disjoint blocks times their size. */
function summedBlocks(c: BackwardContext, dY: Gradient, x: readonly number[], counts: readonly number[]): Gradient {
  const block = counts.slice(2);
  const dims = [dY.dims[0]!, ...x.slice(1)];
  if (block.every((count) => count === 1)) return dY;
  const merged = c.emit.reshape(dY.name, [-1, ...dY.dims.slice(1)]);
  const averaged = c.emit.op('AveragePool', [merged], { kernel_shape: block, strides: block });
  return scaledBy(
    c,
    { name: c.emit.reshape(averaged, [-1, ...dims]), dims },
    block.reduce((product, count) => product * count, 1),
  );
}

/** Scale per axis: as given, or from the sizes that came out. */
function scalesOf(c: BackwardContext, x: readonly number[], y: readonly number[]): number[] {
  const axes = c.ints('axes')?.map((axis) => (axis < 0 ? axis + x.length : axis)) ?? x.map((_, axis) => axis);
  const given = c.hasInput(2) ? c.constant(c.input(2)) : undefined;
  const listed = given && given.data.length > 0 ? numbersOf(given) : undefined;
  if (!listed && !c.hasInput(3)) c.unsupported('scales that are not constant');
  const scales = x.map((extent, axis) => Math.fround(y[axis]! / extent));
  if (listed) axes.forEach((axis, i) => (scales[axis] = listed[i]!));
  return scales;
}

function resamplingOf(c: BackwardContext): Resampling {
  const transformation = c.text('coordinate_transformation_mode', 'half_pixel');
  const known = [
    'half_pixel',
    'pytorch_half_pixel',
    'tf_half_pixel_for_nn',
    'align_corners',
    'asymmetric',
    'half_pixel_symmetric',
  ];
  if (!known.includes(transformation)) c.unsupported(`coordinate_transformation_mode '${transformation}'`);
  // ONNX Runtime returns the input itself where the policy comes with `axes`.
  const policy = c.text('keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') c.unsupported(`keep_aspect_ratio_policy '${policy}'`);
  const mode = c.text('mode', 'nearest');
  if (mode !== 'nearest' && mode !== 'linear' && mode !== 'cubic') return c.unsupported(`mode '${mode}'`);
  return {
    mode,
    transformation: transformation as Resampling['transformation'],
    rounding: c.text('nearest_mode', 'round_prefer_floor'),
    cubicCoefficient: c.float('cubic_coeff_a', -0.75),
    excludeOutside: c.int('exclude_outside', 0) !== 0,
    antialias: c.int('antialias', 0) !== 0,
  };
}
