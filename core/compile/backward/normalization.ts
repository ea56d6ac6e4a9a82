import { ints, numbersOf } from '../../onnx/tensor.js';
import { broadcastDims, reshapeGradient, times } from './broadcast.js';
import { normalised as positiveAxis } from './concat.js';
import { formula } from './elementwise.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** Inference mode: dX = dY scale / sqrt(variance + epsilon), per channel. */
export const batchNormalization: BackwardRule = (c) => {
  if (c.int('training_mode', 0) !== 0) c.unsupported('training_mode = 1');
  const rank = c.dims(c.input(0)).length;
  const perChannel = [c.dims(c.input(1))[0]!, ...Array<number>(Math.max(0, rank - 2)).fill(1)];
  return [times(c, c.lazyDY()!, c.emit.reshape(gain(c), perChannel), perChannel)];
};

/** scale / sqrt(variance + epsilon), computed here when both are constant. */
function gain(c: BackwardContext): string {
  const { emit } = c;
  const epsilon = c.float('epsilon', 1e-5);
  const [scale, variance] = [c.constant(c.input(1)), c.constant(c.input(4))];
  if (scale && variance) {
    const spread = numbersOf(variance);
    const data = Float32Array.from(numbersOf(scale), (value, i) => value / Math.sqrt(spread[i]! + epsilon));
    return emit.constant({ dtype: 'float32', dims: scale.dims, data }, 'gain');
  }
  const shifted = emit.op('Add', [
    c.input(4),
    emit.constant({ dtype: 'float32', dims: [], data: Float32Array.of(epsilon) }),
  ]);
  return emit.op('Div', [c.input(1), emit.op('Sqrt', [shifted])]);
}

/** Y = scale (x - mean) / sqrt(variance + epsilon) + bias over the axes from `axis` on. */
export const layerNormalization: BackwardRule = (c) => {
  if (c.lazyDY(1) ?? c.lazyDY(2)) c.unsupported('its mean or deviation as an output of its own');
  return overTrailingAxes(c, true);
};

/** LayerNormalization without the mean: Y = scale x / sqrt(mean(x^2) + epsilon). */
export const rmsNormalization: BackwardRule = (c) => {
  return overTrailingAxes(c, false);
};

function overTrailingAxes(c: BackwardContext, centred: boolean): readonly Gradient[] {
  const x = c.dims(c.input(0));
  const first = positiveAxis(c.int('axis', -1), x.length);
  const axes = x.flatMap((_, i) => (i >= first ? [i] : []));
  const dY = times(c, c.lazyDY()!, c.input(1));
  return [throughNormalization(c, dY, c.input(0), x, axes, c.float('epsilon', 1e-5), centred)];
}

/** Per image and channel over the spatial axes. */
export const instanceNormalization: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const axes = x.flatMap((_, i) => (i >= 2 ? [i] : []));
  const perChannel = [x[1]!, ...axes.map(() => 1)];
  const dY = times(c, c.lazyDY()!, c.emit.reshape(c.input(1), perChannel), perChannel);
  return [throughNormalization(c, dY, c.input(0), x, axes, c.float('epsilon', 1e-5), true)];
};

/** Per image and group of channels; scale is per channel. */
export const groupNormalization: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const groups = c.int('num_groups', 1);
  const perChannel = [x[1]!, ...x.slice(2).map(() => 1)];
  const dY = times(c, c.dY(), c.emit.reshape(c.input(1), perChannel), perChannel);
  const grouped = [x[0]!, groups, x[1]! / groups, ...x.slice(2)];
  const scaled = {
    name: reshapeGradient(c.emit, dY.name, [dY.dims[0]!, ...grouped.slice(1)]),
    dims: [dY.dims[0]!, ...grouped.slice(1)],
  };
  const axes = grouped.flatMap((_, i) => (i >= 2 ? [i] : []));
  const dX = throughNormalization(
    c,
    scaled,
    c.emit.reshape(c.input(0), grouped),
    grouped,
    axes,
    c.float('epsilon', 1e-5),
    true,
  );
  return [{ name: reshapeGradient(c.emit, dX.name, [dX.dims[0]!, ...x.slice(1)]), dims: [dX.dims[0]!, ...x.slice(1)] }];
};

/** (x - mean) / (deviation + 1e-9) over `axes`. */
export const meanVarianceNormalization: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const axes = (c.ints('axes') ?? [0, 2, 3]).map((axis) => positiveAxis(axis, x.length)).sort((a, b) => a - b);
  return [throughNormalization(c, c.lazyDY()!, c.input(0), x, axes, 1e-18, true)];
};

/** Y = x / norm along one axis: dX = (dY - g sum(dY Y)) / norm, g the norm's derivative; 0 where the norm is 0. */
export const lpNormalization: BackwardRule = (c) => {
  const { emit } = c;
  const f = formula(c);
  const x = c.dims(c.input(0));
  const axis = positiveAxis(c.int('axis', -1), x.length);
  const p = c.int('p', 2);
  const op = p === 1 ? 'ReduceL1' : 'ReduceL2';
  const norm = emit.op(op, [f.x, emit.constant(ints(axis))], { keepdims: 1 });
  const nonZero = f.greater(norm, 0);
  const inverse = f.div(nonZero, f.add(norm, f.sub(1, nonZero)));
  const slope = p === 1 ? f.call('Sign', f.x) : f.y;

  const dY = c.lazyDY()!;
  const share = emit.reduceSum(times(c, dY, f.y, x).name, [axis + 1], true);
  const difference = emit.op('Sub', [dY.name, emit.op('Mul', [share, slope])]);
  return [times(c, { name: difference, dims: broadcastDims(dY.dims, x) }, inverse, x.with(axis, 1))];
};

/**
 * dX for h = (x - mean) r, r = 1 / sqrt(variance + epsilon), statistics over `axes`:
 * dX = r (dH - mean(dH) - h mean(dH h)); without centring the second term is absent.
 * A mean over a lazy axis of dH is the value itself, so dH may stay lazy.
 */
export function throughNormalization(
  c: BackwardContext,
  dH: Gradient,
  x: string,
  dims: readonly number[],
  axes: readonly number[],
  epsilon: number,
  centred: boolean,
): Gradient {
  const { emit } = c;
  const axesOf = (offset: number): string =>
    emit.constant({
      dtype: 'int64',
      dims: [axes.length],
      data: BigInt64Array.from(axes, (axis) => BigInt(axis + offset)),
    });
  const mean = (value: string, offset: number): string =>
    emit.op('ReduceMean', [value, axesOf(offset)], { keepdims: 1 });
  const centre = centred ? emit.op('Sub', [x, mean(x, 0)]) : x;
  const variance = mean(emit.op('Mul', [centre, centre]), 0);
  const shifted = emit.op('Add', [
    variance,
    emit.constant({ dtype: 'float32', dims: [], data: Float32Array.of(epsilon) }),
  ]);
  const r = emit.op('Reciprocal', [emit.op('Sqrt', [shifted])]);
  const h = emit.op('Mul', [centre, r]);
  const along = emit.op('Mul', [h, mean(emit.op('Mul', [dH.name, h]), 1)]);
  const difference = emit.op('Sub', [centred ? emit.op('Sub', [dH.name, mean(dH.name, 1)]) : dH.name, along]);
  return { name: emit.op('Mul', [difference, r]), dims: broadcastDims(dH.dims, dims) };
}
