import { float32 } from '../../../../core/onnx/tensor.js';
import type { Value } from '../build.js';
import { axisOf, expectShape, input, known, type LayerCall, type LayerRule, type RuleTable } from '../layer.js';
import { backToLast, toFirst } from './windows.js';

/** gamma (x - mean) / sqrt(variance + epsilon) + beta, with the moving statistics. */
const batchNormalization: LayerRule = (call) => {
  const { settings, build } = call;
  const x = input(call);
  const [given, ...more] = settings.integers('axis', [-1]);
  if (given === undefined || more.length > 0) return call.refuse('normalises along several axes');
  const axis = axisOf(call, given, x.dims);
  const size = known(call, x.dims, axis);
  const { gamma, beta, rest } = scaleAndOffset(call, ['moving_mean', 'moving_variance']);
  for (const [name, tensor] of Object.entries({ gamma, beta, mean: rest[0], variance: rest[1] }))
    if (tensor) expectShape(call, tensor, name, [size]);
  const [mean, variance] = rest;
  const scale = call.once('gamma', () => gamma ?? float32([size], new Array<number>(size).fill(1)));
  const offset = call.once('beta', () => beta ?? float32([size], new Array<number>(size).fill(0)));
  const statistics = [call.once('moving_mean', () => mean!), call.once('moving_variance', () => variance!)];
  const normalise = (value: Value): Value =>
    build.op('BatchNormalization', [value, scale, offset, ...statistics], value.dims, {
      epsilon: { float: settings.number('epsilon', 1e-3) },
    });
  return onSecondAxis(call, x, axis, normalise);
};

/** ONNX wants the normalised axis in place 1. */
function onSecondAxis(call: LayerCall, x: Value, axis: number, run: (x: Value) => Value): Value {
  if (axis === 0) return call.fail('normalises along the batch');
  if (axis === 1) return run(x);
  if (axis === x.dims.length - 1) return backToLast(call, run(toFirst(call, x)));
  const swap = x.dims.map((_, i) => (i === 1 ? axis : i === axis ? 1 : i));
  return call.build.transpose(run(call.build.transpose(x, swap)), swap);
}

/** gamma and beta stand first, each only where the layer has it. */
function scaleAndOffset(call: LayerCall, others: readonly string[]): { gamma?: Tensor; beta?: Tensor; rest: Tensor[] } {
  const scale = call.settings.flag('scale', true);
  const center = call.settings.flag('center', true);
  const names = [...(scale ? ['gamma'] : []), ...(center ? ['beta'] : [])];
  const all = call.variables([...names, ...others]);
  return {
    ...(scale ? { gamma: all[0]! } : {}),
    ...(center ? { beta: all[scale ? 1 : 0]! } : {}),
    rest: all.slice(names.length),
  };
}

type Tensor = ReturnType<LayerCall['variables']>[number];

/** Over the axes of each image; gamma and beta have their shape. */
const layerNormalization: LayerRule = (call) => {
  const { settings, build } = call;
  const x = input(call);
  if (settings.flag('rms_scaling', false)) return rmsScaling(call);
  const axes = settings.integers('axis', [-1]).map((axis) => axisOf(call, axis, x.dims));
  const sorted = [...axes].sort((a, b) => a - b);
  const shape = sorted.map((axis) => known(call, x.dims, axis));
  const { gamma, beta } = scaleAndOffset(call, []);
  for (const [name, tensor] of Object.entries({ gamma, beta })) if (tensor) expectShape(call, tensor, name, shape);
  const epsilon = settings.number('epsilon', 1e-3);
  const trailing = sorted.every((axis, i) => axis === x.dims.length - sorted.length + i);
  if (trailing) {
    const scale = call.once('gamma', () => gamma ?? ones(shape));
    const offset = beta && call.once('beta', () => beta);
    return build.op('LayerNormalization', [x, scale, offset], x.dims, {
      axis: sorted[0]!,
      epsilon: { float: epsilon },
    });
  }
  const wide = x.dims.map((_, axis) => (sorted.includes(axis) ? shape[sorted.indexOf(axis)]! : 1));
  const centred = build.binary('Sub', x, build.reduce('ReduceMean', x, sorted, true));
  const variance = build.reduce('ReduceMean', build.binary('Mul', centred, centred), sorted, true);
  const deviation = build.unary('Sqrt', build.binary('Add', variance, build.number(epsilon)));
  let result = build.binary('Div', centred, deviation);
  if (gamma)
    result = build.binary(
      'Mul',
      result,
      call.once('gamma', () => ({ ...gamma, dims: wide })),
    );
  if (beta)
    result = build.binary(
      'Add',
      result,
      call.once('beta', () => ({ ...beta, dims: wide })),
    );
  return result;
};

function rmsScaling(call: LayerCall): Value {
  return call.refuse('has rms_scaling, whose meaning differs between versions of Keras');
}

function ones(dims: readonly number[]): Tensor {
  return float32(dims, new Float32Array(dims.reduce((all, dim) => all * dim, 1)).fill(1));
}

/** x / sqrt(mean of squares + epsilon) * scale */
const rmsNormalization: LayerRule = (call) => {
  const { settings, build } = call;
  const x = input(call);
  const axes = settings.integers('axis', [-1]).map((axis) => axisOf(call, axis, x.dims));
  if (axes.some((axis, i) => axis !== x.dims.length - axes.length + i))
    return call.refuse('normalises along other axes than the last');
  const [scale] = call.variables(['scale']);
  expectShape(
    call,
    scale!,
    'scale',
    axes.map((axis) => known(call, x.dims, axis)),
  );
  const mean = build.reduce('ReduceMean', build.binary('Mul', x, x), axes, true);
  const root = build.unary('Sqrt', build.binary('Add', mean, build.number(settings.number('epsilon', 1e-6))));
  return build.binary(
    'Mul',
    build.binary('Div', x, root),
    call.once('scale', () => scale!),
  );
};

/** Over each image's groups of channels; -1 groups are as many as channels. */
const groupNormalization: LayerRule = (call) => {
  const { settings, build } = call;
  const x = input(call);
  const axis = axisOf(call, settings.integer('axis', -1), x.dims);
  const channels = known(call, x.dims, axis);
  const given = settings.integer('groups', 32);
  const groups = given === -1 ? channels : given;
  if (groups < 1 || channels % groups !== 0) return call.fail(`has ${groups} groups for ${channels} channels`);
  const { gamma, beta } = scaleAndOffset(call, []);
  for (const [name, tensor] of Object.entries({ gamma, beta })) if (tensor) expectShape(call, tensor, name, [channels]);
  const scale = call.once('gamma', () => gamma ?? ones([channels]));
  const offset = call.once('beta', () => beta ?? float32([channels], new Float32Array(channels)));
  return onSecondAxis(call, x, axis, (value) =>
    build.op('GroupNormalization', [value, scale, offset], value.dims, {
      num_groups: groups,
      epsilon: { float: settings.number('epsilon', 1e-3) },
    }),
  );
};

export const normalizationLayers: RuleTable = {
  BatchNormalization: batchNormalization,
  BatchNormalizationV1: batchNormalization,
  BatchNormalizationV2: batchNormalization,
  SyncBatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  GroupNormalization: groupNormalization,
};
