import { float32, ints } from '../../../../core/onnx/tensor.js';
import type { Value } from '../build.js';
import { channelsFirst, expectShape, input, known, type LayerRule, type RuleTable } from '../layer.js';
import { isWhole } from '../settings.js';
import { activate } from './activation.js';
import { biasOf, biasValue } from './bias.js';
import { backToLast } from './windows.js';

/** On the last axis, whatever the rank. */
const dense: LayerRule = (call) => {
  const { settings, build } = call;
  const x = input(call);
  const units = settings.integer('units');
  const features = known(call, x.dims, x.dims.length - 1);
  const [kernel, bias] = call.variables(['kernel', ...biasOf(call)]);
  expectShape(call, kernel!, 'kernel', [features, units]);
  const product = build.op('MatMul', [x, call.once('kernel', () => kernel!)], [...x.dims.slice(0, -1), units]);
  const offset = biasValue(call, bias, units);
  return activate(call, offset ? build.binary('Add', product, offset) : product);
};

/** Channels come last before they are flattened. */
const flatten: LayerRule = (call) => {
  const x = input(call);
  if (x.dims.length === 1) return call.build.op('Reshape', [x, call.build.constant(ints(-1, 1))], [x.dims[0]!, 1]);
  const last = channelsFirst(call) && x.dims.length > 2 ? backToLast(call, x) : x;
  const size = x.dims
    .slice(1)
    .reduce<number | null>((all, dim) => (all === null || dim === null ? null : all * dim), 1);
  return call.build.op('Flatten', [last], [x.dims[0]!, size], { axis: 1 });
};

/** `target_shape` leaves out the batch; -1 is inferred. */
const reshape: LayerRule = (call) => {
  const x = input(call);
  const operation = call.settings.has('newshape');
  const given = operation ? call.settings.list('newshape') : call.settings.list('target_shape');
  const target = (operation ? given.slice(1) : given).map((dim) => (dim === null ? -1 : dim));
  if (!target.every((dim) => isWhole(dim) && (dim >= 1 || dim === -1)))
    return call.fail('has a target shape of other things than sizes');
  const sizes = target as number[];
  const open = sizes.indexOf(-1);
  if (open !== sizes.lastIndexOf(-1)) return call.fail('leaves two sizes of its target shape open');
  const own = x.dims.slice(1);
  const product = (dims: readonly number[]): number => dims.reduce((all, dim) => all * dim, 1);
  if (!own.every((dim) => dim !== null))
    return call.build.reshape(x, [x.dims[0]!, ...sizes.map((dim) => (dim === -1 ? null : dim))]);
  const rest = product(sizes.filter((dim) => dim !== -1));
  const inferred = sizes.map((dim) => (dim === -1 ? product(own) / rest : dim));
  if (product(inferred) !== product(own) || !inferred.every(Number.isInteger))
    return call.fail(`reshapes [${own.join(', ')}] to [${sizes.join(', ')}]`);
  return call.build.reshape(x, [x.dims[0]!, ...inferred]);
};

/** `dims` counts from 1, the batch stays in front. */
const permute: LayerRule = (call) => {
  const x = input(call);
  const perm = [0, ...call.settings.integers('dims')];
  if (perm.length !== x.dims.length || [...perm].sort((a, b) => a - b).some((axis, i) => axis !== i))
    return call.fail(`permutes ${x.dims.length} axes by [${perm.slice(1).join(', ')}]`);
  return call.build.transpose(x, perm);
};

const repeatVector: LayerRule = (call) => {
  const x = input(call);
  const times = call.settings.integer('n');
  if (x.dims.length !== 2 || times < 1) return call.fail('repeats what is no vector');
  const apart = call.build.reshape(x, [x.dims[0]!, 1, x.dims[1]!]);
  return call.build.op('Tile', [apart, call.build.constant(ints(1, times, 1))], apart.dims.with(1, times));
};

/** The inner layer sees every step as an image of its own. */
const timeDistributed: LayerRule = (call) => {
  const { build } = call;
  const x = input(call);
  const [batch, steps, ...rest] = x.dims;
  const all = build.op(
    'Reshape',
    [x, build.constant(ints(-1, ...rest.map((_, i) => known(call, x.dims, i + 2))))],
    [null, ...rest],
  );
  const result = call.apply(call.settings.raw('layer'), { name: 'layer', store: 'layer' }, all);
  const after = result.dims.slice(1).map((_, i) => known(call, result.dims, i + 1));
  return build.op(
    'Reshape',
    [result, build.constant(ints(-1, known(call, x.dims, 1), ...after))],
    [batch!, steps!, ...after],
  );
};

/** Changes the kernel of its layer in training only. */
const spectralNormalization: LayerRule = (call) =>
  call.apply(call.settings.raw('layer'), { name: 'layer', store: 'layer' }, input(call));

/** Layers behind each other; random augmentation, as a rule. */
const pipeline: LayerRule = (call) =>
  call.settings
    .list('layers')
    .reduce<Value>(
      (x, layer, i) => call.apply(layer, { name: `${i}`, store: `_pipeline_layers/${i}` }, x),
      input(call),
    );

/** Unit length along the axes: x / max(|x|, 1e-6) in Keras 3's words, rsqrt(max(sum of squares, 1e-12)). */
const unitNormalization: LayerRule = (call) => {
  const { build, settings } = call;
  const x = input(call);
  const axes = settings.integers('axis', [-1]).map((axis) => (axis < 0 ? axis + x.dims.length : axis));
  const squares = build.reduce('ReduceSumSquare', x, axes, true);
  const length = build.unary('Sqrt', build.binary('Max', squares, build.number(1e-12)));
  return build.binary('Div', x, length);
};

/** keras.applications.convnext: a factor per channel. */
const layerScale: LayerRule = (call) => {
  const x = input(call);
  const size = call.settings.integer('projection_dim');
  const [gamma] = call.variables(['gamma']);
  expectShape(call, gamma!, 'gamma', [size]);
  return call.build.binary(
    'Mul',
    x,
    call.once('gamma', () => float32([size], gamma!.data as Float32Array)),
  );
};

/** keras.applications.inception_resnet_v2: the first input plus a multiple of the second. */
const customScale: LayerRule = (call) => {
  const [a, b, ...rest] = call.inputs;
  if (!a || !b || rest.length > 0) return call.fail('takes two tensors');
  const scaled = call.build.binary('Mul', b, call.build.number(call.settings.number('scale')));
  return call.build.binary('Add', a, scaled);
};

export const coreLayers: RuleTable = {
  Dense: dense,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  TimeDistributed: timeDistributed,
  SpectralNormalization: spectralNormalization,
  Pipeline: pipeline,
  UnitNormalization: unitNormalization,
  LayerScale: layerScale,
  CustomScaleLayer: customScale,
};
