import { activations, clip, swish } from '../activations.js';
import { float32 } from '../../../../core/onnx/tensor.js';
import { axisOf, known, type LayerCall, type LayerRule, type RuleTable } from '../layer.js';
import { arithmetic, expm1, log1p, matmul, reduction, softmax, unary } from './arithmetic.js';
import { grey, resized } from './images.js';
import { first, numberParameter, parameter } from './operands.js';
import { blocks, flipped, padded, repeat, split, stacked, taken, tiled, unstacked } from './rearranging.js';
import { expandDims, getItem, reshaped, squeeze, transposed } from './shaping.js';
import { normalised, variance } from './statistics.js';

/** Functions of TensorFlow in Functional models of Keras 2, where they are layers that name the function. */
export const tensorflowLayers: RuleTable = {
  TFOpLambda: byName,
  SlicingOpLambda: byName,
  TensorFlowOpLayer: (call) =>
    call.refuse('holds a node of a TensorFlow graph, as Keras of TensorFlow 2.3 and before wrote them'),
  ClassMethod: (call) => call.refuse('calls a method of a TensorFlow class'),
  InstanceMethod: (call) => call.refuse('calls a method of a TensorFlow object'),
  InstanceProperty: (call) => call.refuse('reads a property of a TensorFlow object'),
};

function byName(call: LayerCall): ReturnType<LayerRule> {
  const name = call.settings.text('function').replace(/^(tf\.)?(compat\.v1\.)?/, '');
  const rule = Object.hasOwn(functions, name) ? functions[name] : undefined;
  return rule ? rule(call) : call.refuse(`calls the TensorFlow function '${name}', which is not supported`);
}

const add = arithmetic('Add');
const subtract = arithmetic('Sub');
const multiply = arithmetic('Mul');
const divide = arithmetic('Div');
const power = arithmetic('Pow');

const functions: Readonly<Record<string, LayerRule>> = {
  '__operators__.add': add,
  '__operators__.getitem': getItem,
  '__operators__.sub': subtract,
  '__operators__.mul': multiply,
  '__operators__.truediv': divide,
  '__operators__.pow': power,
  'math.add': add,
  'math.subtract': subtract,
  'math.multiply': multiply,
  'math.divide': divide,
  'math.truediv': divide,
  'math.divide_no_nan': divide,
  'math.pow': power,
  'math.maximum': arithmetic('Max'),
  'math.minimum': arithmetic('Min'),
  'math.abs': unary('Abs'),
  'math.exp': unary('Exp'),
  'math.log': unary('Log'),
  'math.negative': unary('Neg'),
  'math.reciprocal': unary('Reciprocal'),
  'math.rsqrt': (call) => call.build.unary('Reciprocal', call.build.unary('Sqrt', first(call))),
  'math.sqrt': unary('Sqrt'),
  'math.square': (call) => {
    const x = first(call);
    return call.build.binary('Mul', x, x);
  },
  'math.sigmoid': activation('sigmoid'),
  'math.tanh': activation('tanh'),
  'math.softplus': activation('softplus'),
  'math.reduce_max': reduction('ReduceMax'),
  'math.reduce_mean': reduction('ReduceMean'),
  'math.reduce_min': reduction('ReduceMin'),
  'math.reduce_sum': reduction('ReduceSum'),
  'math.reduce_prod': reduction('ReduceProd'),
  'math.reduce_logsumexp': reduction('ReduceLogSumExp'),
  'math.reduce_std': variance(true),
  'math.reduce_variance': variance(false),
  'math.l2_normalize': normalised(1e-12, true),
  'math.ceil': unary('Ceil'),
  'math.cos': unary('Cos'),
  'math.erf': unary('Erf'),
  'math.expm1': expm1,
  'math.floor': unary('Floor'),
  'math.log1p': log1p,
  'math.round': unary('Round'),
  'math.sign': unary('Sign'),
  'math.sin': unary('Sin'),
  'linalg.matmul': matmul,
  'linalg.l2_normalize': normalised(1e-12, true),
  'nn.bias_add': biasAdded,
  'nn.crelu': (call) => {
    const x = first(call);
    const axis = axisOf(call, numberParameter(call, 'axis', -1), x.dims);
    const { build } = call;
    return build.concat([build.unary('Relu', x), build.unary('Relu', build.unary('Neg', x))], axis);
  },
  'nn.depth_to_space': blocks('DepthToSpace'),
  'nn.l2_normalize': normalised(1e-12, true),
  'nn.local_response_normalization': localResponse,
  'nn.space_to_depth': blocks('SpaceToDepth'),
  'nn.elu': activation('elu'),
  'nn.gelu': (call) =>
    call.build.unary('Gelu', first(call), { approximate: parameter(call, 'approximate') === true ? 'tanh' : 'none' }),
  'nn.leaky_relu': (call) =>
    call.build.unary('LeakyRelu', first(call), { alpha: { float: numberParameter(call, 'alpha', 0.2) } }),
  'nn.relu': activation('relu'),
  'nn.relu6': activation('relu6'),
  'nn.selu': activation('selu'),
  'nn.sigmoid': activation('sigmoid'),
  'nn.silu': silu,
  'nn.swish': silu,
  'nn.softmax': softmax('Softmax'),
  'nn.log_softmax': softmax('LogSoftmax'),
  'nn.softplus': activation('softplus'),
  'nn.tanh': activation('tanh'),
  cast: (call) =>
    parameter(call, 'dtype', 1) === 'float32' ? first(call) : call.refuse('computes in another type than float32'),
  clip_by_value: (call) =>
    clip(call.build, first(call), numberParameter(call, 'clip_value_min'), numberParameter(call, 'clip_value_max')),
  concat: (call) => {
    const [x] = call.inputs;
    const axis = numberParameter(call, 'axis', undefined, 1);
    return call.build.concat(call.inputs, axis < 0 ? axis + (x?.dims.length ?? 0) : axis);
  },
  expand_dims: expandDims,
  identity: first,
  'image.resize': (call) => {
    if (parameter(call, 'preserve_aspect_ratio') === true) return call.refuse('resizes with preserve_aspect_ratio');
    return resized(call, parameter(call, 'method') ?? 'bilinear');
  },
  'image.rgb_to_grayscale': grey,
  pad: padded,
  repeat,
  reshape: reshaped,
  reverse: flipped,
  slice: taken,
  split: split('num_or_size_splits', 'sizes'),
  squeeze,
  stack: stacked,
  stop_gradient: (call) => call.refuse('stops the gradient, which a scan needs'),
  tile: tiled,
  transpose: transposed,
  unstack: unstacked,
};

function activation(name: string): LayerRule {
  return (call) => activations[name]!(call, first(call));
}

function silu(call: LayerCall): ReturnType<LayerRule> {
  return numberParameter(call, 'beta', 1) === 1 ? swish(call, first(call)) : call.refuse('has a beta');
}

/** A number for each channel. */
function biasAdded(call: LayerCall): ReturnType<LayerRule> {
  const { build } = call;
  const x = first(call);
  const second = call.inputs[1];
  const format = parameter(call, 'data_format') ?? 'NHWC';
  const axis = typeof format === 'string' && format.startsWith('NC') ? 1 : x.dims.length - 1;
  const wide = (size: number): number[] => new Array<number>(x.dims.length).fill(1).with(axis, size);
  if (second) return build.binary('Add', x, build.reshape(second, wide(known(call, second.dims, 0))));
  const given = parameter(call, 'bias', 1);
  if (!Array.isArray(given) || !given.every((each) => typeof each === 'number')) return call.fail('has no bias');
  return build.binary('Add', x, build.constant(float32(wide(given.length), given)));
}

/** x / (bias + alpha * sum of squares of the channels at most `depth_radius` away) ^ beta; ONNX divides alpha by their number. */
function localResponse(call: LayerCall): ReturnType<LayerRule> {
  const x = first(call);
  const size = 2 * numberParameter(call, 'depth_radius', 5) + 1;
  if (x.dims.length !== 4 || !(size >= 1 && size < 2 ** 16)) return call.fail('normalises what is no image');
  const { build } = call;
  const attributes = {
    size,
    bias: { float: numberParameter(call, 'bias', 1) },
    alpha: { float: size * numberParameter(call, 'alpha', 1) },
    beta: { float: numberParameter(call, 'beta', 0.5) },
  };
  return build.transpose(build.unary('LRN', build.transpose(x, [0, 3, 1, 2]), attributes), [0, 2, 3, 1]);
}
