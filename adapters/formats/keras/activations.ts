import type { Value } from './build.js';
import { axisOf, type LayerCall } from './layer.js';

type Activation = (call: LayerCall, x: Value) => Value;

/** Functions of `keras.activations`, by the name that configs write. */
export const activations: Readonly<Record<string, Activation>> = {
  linear: (_, x) => x,
  relu: ({ build, settings }, x) => {
    const max = settings.raw('max_value');
    return typeof max === 'number' ? clip(build, x, 0, max) : build.unary('Relu', x);
  },
  relu6: ({ build }, x) => clip(build, x, 0, 6),
  leaky_relu: ({ build }, x) => build.unary('LeakyRelu', x, { alpha: { float: 0.2 } }),
  elu: ({ build }, x) => build.unary('Elu', x),
  selu: ({ build }, x) => build.unary('Selu', x),
  celu: ({ build }, x) => build.unary('Celu', x),
  softplus: ({ build }, x) => build.unary('Softplus', x),
  softsign: ({ build }, x) => build.unary('Softsign', x),
  tanh: ({ build }, x) => build.unary('Tanh', x),
  sigmoid: ({ build }, x) => build.unary('Sigmoid', x),
  exponential: ({ build }, x) => build.unary('Exp', x),
  softmax: (call, x) => call.build.unary('Softmax', x, { axis: axisOf(call, -1, x.dims) }),
  log_softmax: (call, x) => call.build.unary('LogSoftmax', x, { axis: axisOf(call, -1, x.dims) }),
  log_sigmoid: ({ build }, x) => build.unary('Neg', build.unary('Softplus', build.unary('Neg', x))),
  // Keras 2 and TensorFlow.js: clip(0.2 x + 0.5, 0, 1); Keras 3: relu6(x + 3) / 6.
  hard_sigmoid: ({ build, generation }, x) =>
    build.unary('HardSigmoid', x, { alpha: { float: generation === 3 ? 1 / 6 : 0.2 }, beta: { float: 0.5 } }),
  hard_silu: ({ build }, x) => build.unary('HardSwish', x),
  hard_swish: ({ build }, x) => build.unary('HardSwish', x),
  hard_tanh: ({ build }, x) => clip(build, x, -1, 1),
  silu: swish,
  swish,
  gelu: ({ build }, x) => build.unary('Gelu', x),
  // TensorFlow.js: the approximation by tanh.
  gelu_new: ({ build }, x) => build.unary('Gelu', x, { approximate: 'tanh' }),
  mish: ({ build }, x) => build.unary('Mish', x),
  tanh_shrink: ({ build }, x) => build.binary('Sub', x, build.unary('Tanh', x)),
  soft_shrink: ({ build }, x) => build.unary('Shrink', x, { bias: { float: 0.5 }, lambd: { float: 0.5 } }),
  hard_shrink: ({ build }, x) => build.unary('Shrink', x, { bias: { float: 0 }, lambd: { float: 0.5 } }),
  squareplus: ({ build }, x) => squareplus(build, x, 4),
  // 0 below -1, (x + 1)^2 / 4 between, x above 1.
  sparse_plus: ({ build }, x) => {
    const middle = build.binary('Add', clip(build, x, -1, 1), build.number(1));
    const square = build.binary('Mul', build.binary('Mul', middle, middle), build.number(0.25));
    return build.binary('Add', square, build.unary('Relu', build.binary('Sub', x, build.number(1))));
  },
  sparse_sigmoid: ({ build }, x) => build.unary('HardSigmoid', x, { alpha: { float: 0.5 }, beta: { float: 0.5 } }),
};

export function swish({ build }: LayerCall, x: Value): Value {
  return build.binary('Mul', x, build.unary('Sigmoid', x));
}

export function clip(build: LayerCall['build'], x: Value, low: number, high: number): Value {
  return build.op('Clip', [x, build.number(low), build.number(high)], x.dims);
}

/** (x + sqrt(x^2 + b)) / 2 */
export function squareplus(build: LayerCall['build'], x: Value, b: number): Value {
  const root = build.unary('Sqrt', build.binary('Add', build.binary('Mul', x, x), build.number(b)));
  return build.binary('Mul', build.binary('Add', x, root), build.number(0.5));
}
