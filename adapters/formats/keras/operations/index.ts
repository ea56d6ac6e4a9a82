import { activations, clip, swish } from '../activations.js';
import type { LayerCall, LayerRule, RuleTable } from '../layer.js';
import { arithmetic, matmul, reduction, unary } from './arithmetic.js';
import { first, numberParameter, parameter } from './operands.js';
import { expandDims, getItem, squeeze, transposed } from './shaping.js';

/** Operations of `keras.ops` that stand in Functional models of Keras 3, by class. Those that layers share are theirs. */
export const operations: RuleTable = {
  Absolute: unary('Abs'),
  Abs: unary('Abs'),
  Amax: reduction('ReduceMax'),
  Amin: reduction('ReduceMin'),
  Cast: (call) => cast(call),
  Clip: (call) => clip(call.build, first(call), numberParameter(call, 'x_min'), numberParameter(call, 'x_max')),
  Divide: arithmetic('Div'),
  TrueDivide: arithmetic('Div'),
  Elu: (call) => call.build.unary('Elu', first(call), { alpha: { float: numberParameter(call, 'alpha', 1) } }),
  Exp: unary('Exp'),
  ExpandDims: expandDims,
  // Approximate unless it is said otherwise, unlike the activation.
  Gelu: (call) =>
    call.build.unary('Gelu', first(call), { approximate: parameter(call, 'approximate') === false ? 'none' : 'tanh' }),
  GetItem: getItem,
  HardSigmoid: activation('hard_sigmoid'),
  HardSilu: activation('hard_silu'),
  HardSwish: activation('hard_silu'),
  HardTanh: activation('hard_tanh'),
  LeakyRelu: (call) =>
    call.build.unary('LeakyRelu', first(call), { alpha: { float: numberParameter(call, 'negative_slope', 0.2) } }),
  Log: unary('Log'),
  LogSigmoid: activation('log_sigmoid'),
  LogSoftmax: activation('log_softmax'),
  Matmul: matmul,
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Mish: activation('mish'),
  Negative: unary('Neg'),
  Power: arithmetic('Pow'),
  Reciprocal: unary('Reciprocal'),
  Relu: activation('relu'),
  Relu6: activation('relu6'),
  Rsqrt: (call) => call.build.unary('Reciprocal', call.build.unary('Sqrt', first(call))),
  Selu: activation('selu'),
  Sigmoid: activation('sigmoid'),
  Silu: activation('silu'),
  Softplus: activation('softplus'),
  Softsign: activation('softsign'),
  Sqrt: unary('Sqrt'),
  Square: (call) => {
    const x = first(call);
    return call.build.binary('Mul', x, x);
  },
  Squeeze: squeeze,
  Sum: reduction('ReduceSum'),
  Swish: (call) => swish(call, first(call)),
  Tanh: activation('tanh'),
  Transpose: transposed,
};

function activation(name: string): LayerRule {
  return (call) => activations[name]!(call, first(call));
}

/** Everything is computed in float32. */
function cast(call: LayerCall): ReturnType<LayerRule> {
  const dtype = parameter(call, 'dtype', 1);
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16'
    ? first(call)
    : call.refuse('computes in whole numbers');
}
