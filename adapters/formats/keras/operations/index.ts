import { activations, clip, squareplus, swish } from '../activations.js';
import type { LayerCall, LayerRule, RuleTable } from '../layer.js';
import { arithmetic, expm1, log1p, matmul, reduction, softmax, unary } from './arithmetic.js';
import { grey, resized } from './images.js';
import { first, numberParameter, parameter } from './operands.js';
import {
  axesSwapped,
  axisMoved,
  blocks,
  flipped,
  padded,
  repeat,
  split,
  stacked,
  tiled,
  unstacked,
} from './rearranging.js';
import { expandDims, getItem, squeeze, transposed } from './shaping.js';
import { normalised, variance } from './statistics.js';
import { poolingOperation } from '../layers/pooling.js';

/** Operations of `keras.ops` that stand in Functional models of Keras 3, by class. Those that layers share are theirs. */
export const operations: RuleTable = {
  Absolute: unary('Abs'),
  Abs: unary('Abs'),
  Amax: reduction('ReduceMax'),
  Amin: reduction('ReduceMin'),
  AveragePool: poolingOperation('AveragePool'),
  Cast: (call) => cast(call),
  Ceil: unary('Ceil'),
  Celu: (call) => call.build.unary('Celu', first(call), { alpha: { float: numberParameter(call, 'alpha', 1) } }),
  Clip: (call) => clip(call.build, first(call), numberParameter(call, 'x_min'), numberParameter(call, 'x_max')),
  ConvertToTensor: first,
  Cos: unary('Cos'),
  DepthToSpace: blocks('DepthToSpace'),
  Divide: arithmetic('Div'),
  TrueDivide: arithmetic('Div'),
  Elu: (call) => call.build.unary('Elu', first(call), { alpha: { float: numberParameter(call, 'alpha', 1) } }),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Expm1: expm1,
  ExpandDims: expandDims,
  Flip: flipped,
  Floor: unary('Floor'),
  // Approximate unless it is said otherwise, unlike the activation.
  Gelu: (call) =>
    call.build.unary('Gelu', first(call), { approximate: parameter(call, 'approximate') === false ? 'none' : 'tanh' }),
  GetItem: getItem,
  HardShrink: shrink('hard_shrink'),
  HardSigmoid: activation('hard_sigmoid'),
  HardSilu: activation('hard_silu'),
  HardSwish: activation('hard_silu'),
  HardTanh: activation('hard_tanh'),
  LeakyRelu: (call) =>
    call.build.unary('LeakyRelu', first(call), { alpha: { float: numberParameter(call, 'negative_slope', 0.2) } }),
  Log: unary('Log'),
  Log1p: log1p,
  LogSigmoid: activation('log_sigmoid'),
  LogSoftmax: softmax('LogSoftmax'),
  Logsumexp: reduction('ReduceLogSumExp'),
  Matmul: matmul,
  Max: reduction('ReduceMax'),
  MaxPool: poolingOperation('MaxPool'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Mish: activation('mish'),
  Moveaxis: axisMoved,
  Negative: unary('Neg'),
  Normalize: normalised(1e-7, false),
  Pad: padded,
  Power: arithmetic('Pow'),
  Prod: reduction('ReduceProd'),
  RGBToGrayscale: grey,
  Reciprocal: unary('Reciprocal'),
  Relu: activation('relu'),
  Relu6: activation('relu6'),
  Repeat: repeat,
  Resize: (call) => resized(call, parameter(call, 'interpolation') ?? 'bilinear'),
  Round: unary('Round'),
  Rsqrt: (call) => call.build.unary('Reciprocal', call.build.unary('Sqrt', first(call))),
  Selu: activation('selu'),
  Sigmoid: activation('sigmoid'),
  Sign: unary('Sign'),
  Silu: activation('silu'),
  Sin: unary('Sin'),
  SoftShrink: shrink('soft_shrink'),
  Softplus: activation('softplus'),
  Softsign: activation('softsign'),
  SpaceToDepth: blocks('SpaceToDepth'),
  SparsePlus: activation('sparse_plus'),
  SparseSigmoid: activation('sparse_sigmoid'),
  Split: split('indices_or_sections', 'places'),
  Sqrt: unary('Sqrt'),
  Square: (call) => {
    const x = first(call);
    return call.build.binary('Mul', x, x);
  },
  Squareplus: (call) => squareplus(call.build, first(call), numberParameter(call, 'b', 4)),
  Squeeze: squeeze,
  Stack: stacked,
  Std: variance(true),
  StopGradient: (call) => call.refuse('stops the gradient, which a scan needs'),
  Sum: reduction('ReduceSum'),
  Swapaxes: axesSwapped,
  Swish: (call) => swish(call, first(call)),
  Tanh: activation('tanh'),
  TanhShrink: activation('tanh_shrink'),
  Tile: tiled,
  Transpose: transposed,
  Unstack: unstacked,
  Var: variance(false),
};

function activation(name: string): LayerRule {
  return (call) => activations[name]!(call, first(call));
}

/** Zero up to a threshold; the soft one moves what is beyond towards zero. */
function shrink(name: 'hard_shrink' | 'soft_shrink'): LayerRule {
  return (call) => {
    const lambd = { float: numberParameter(call, 'threshold', 0.5) };
    return call.build.unary('Shrink', first(call), { bias: name === 'soft_shrink' ? lambd : { float: 0 }, lambd });
  };
}

/** Everything is computed in float32. */
function cast(call: LayerCall): ReturnType<LayerRule> {
  const dtype = parameter(call, 'dtype', 1);
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16'
    ? first(call)
    : call.refuse('computes in whole numbers');
}
