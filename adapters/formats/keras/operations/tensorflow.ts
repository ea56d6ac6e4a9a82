import { activations, clip } from '../activations.js';
import type { LayerCall, LayerRule, RuleTable } from '../layer.js';
import { arithmetic, matmul, reduction, unary } from './arithmetic.js';
import { first, numberParameter, parameter } from './operands.js';
import { expandDims, getItem, reshaped, squeeze, transposed } from './shaping.js';

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
  const name = call.settings.text('function').replace(/^tf\./, '');
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
  'linalg.matmul': matmul,
  'nn.elu': activation('elu'),
  'nn.gelu': (call) =>
    call.build.unary('Gelu', first(call), { approximate: parameter(call, 'approximate') === true ? 'tanh' : 'none' }),
  'nn.leaky_relu': (call) =>
    call.build.unary('LeakyRelu', first(call), { alpha: { float: numberParameter(call, 'alpha', 0.2) } }),
  'nn.relu': activation('relu'),
  'nn.relu6': activation('relu6'),
  'nn.selu': activation('selu'),
  'nn.sigmoid': activation('sigmoid'),
  'nn.silu': activation('silu'),
  'nn.swish': activation('silu'),
  'nn.softmax': activation('softmax'),
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
  'image.resize': (call) => call.refuse('resizes by tf.image.resize; use a Resizing layer'),
  reshape: reshaped,
  squeeze,
  stop_gradient: (call) => call.refuse('stops the gradient, which a scan needs'),
  transpose: transposed,
  'compat.v1.transpose': transposed,
};

function activation(name: string): LayerRule {
  return (call) => activations[name]!(call, first(call));
}
