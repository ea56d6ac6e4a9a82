import { floatOf, intOf, stringOf } from '../../../../core/onnx/attributes.js';
import { kernels, type Kernel, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';

/** Functions of one float, element by element. */
export const unary: KernelTable = kernels('float', {
  ...plain('abs acos acosh asin asinh atan atanh ceil cos cosh erf exp floor log neg relu round sigmoid sign'),
  ...plain('sin sinh sqrt tan tanh'),
  Celu: alpha(1, (tf, x, a) => {
    const negative = tf.mul(tf.expm1(tf.div(tf.minimum(x, tf.scalar(0)), tf.scalar(a))), tf.scalar(a));
    return tf.add(tf.relu(x), negative);
  }),
  Elu: alpha(1, (tf, x, a) => tf.add(tf.relu(x), tf.mul(tf.expm1(tf.minimum(x, tf.scalar(0))), tf.scalar(a)))),
  Gelu: (c) => gelu(c, c.x(0)),
  HardSigmoid: ({ tf, node, x }) => {
    const [a, b] = [floatOf(node, 'alpha', 0.2), floatOf(node, 'beta', 0.5)];
    return between(tf, tf.add(tf.mul(x(0), tf.scalar(a)), tf.scalar(b)), 0, 1);
  },
  HardSwish: ({ tf, x }) => tf.mul(x(0), between(tf, tf.add(tf.mul(x(0), tf.scalar(1 / 6)), tf.scalar(0.5)), 0, 1)),
  IsInf: ({ tf, node, x }) => {
    const [low, high] = [intOf(node, 'detect_negative', 1) !== 0, intOf(node, 'detect_positive', 1) !== 0];
    const infinite = tf.cast(tf.isInf(x(0)), 'float32');
    if (low && high) return infinite;
    const side = low ? tf.less(x(0), tf.scalar(0)) : tf.greater(x(0), tf.scalar(0));
    return low || high ? tf.mul(infinite, tf.cast(side, 'float32')) : tf.mul(infinite, tf.scalar(0));
  },
  IsNaN: ({ tf, x }) => tf.cast(tf.isNaN(x(0)), 'float32'),
  LeakyRelu: alpha(0.01, (tf, x, a) => tf.add(tf.relu(x), tf.mul(tf.minimum(x, tf.scalar(0)), tf.scalar(a)))),
  Mish: ({ tf, x }) => tf.mul(x(0), tf.tanh(softplus(tf, x(0)))),
  Reciprocal: ({ tf, x }) => tf.div(tf.scalar(1), x(0)),
  Selu: ({ tf, node, x }) => {
    const a = floatOf(node, 'alpha', 1.6732632423543772);
    const gamma = floatOf(node, 'gamma', 1.0507009873554805);
    const negative = tf.mul(tf.expm1(tf.minimum(x(0), tf.scalar(0))), tf.scalar(a));
    return tf.mul(tf.add(tf.relu(x(0)), negative), tf.scalar(gamma));
  },
  Shrink: ({ tf, node, x }) => {
    const [bias, lambda] = [floatOf(node, 'bias', 0), floatOf(node, 'lambd', 0.5)];
    const side = (test: TfTensor, shift: number) =>
      tf.where(test, tf.add(x(0), tf.scalar(shift)), tf.mul(x(0), tf.scalar(0)));
    return tf.add(side(tf.less(x(0), tf.scalar(-lambda)), bias), side(tf.greater(x(0), tf.scalar(lambda)), -bias));
  },
  Softplus: ({ tf, x }) => softplus(tf, x(0)),
  Softsign: ({ tf, x }) => tf.div(x(0), tf.add(tf.abs(x(0)), tf.scalar(1))),
  Swish: alpha(1, (tf, x, a) => tf.mul(x, tf.sigmoid(tf.mul(x, tf.scalar(a))))),
  ThresholdedRelu: alpha(1, (tf, x, a) => tf.mul(x, tf.cast(tf.greater(x, tf.scalar(a)), 'float32'))),
});

/** Ops that have the same name in tfjs. */
function plain(names: string): Record<string, Kernel> {
  return Object.fromEntries(
    names.split(' ').map((name) => {
      const op = name[0]!.toUpperCase() + name.slice(1);
      return [op, ({ tf, x }: KernelCall) => tf[name as 'abs'](x(0))];
    }),
  );
}

function alpha(fallback: number, formula: (tf: Tf, x: TfTensor, a: number) => TfTensor): Kernel {
  return ({ tf, node, x }) => formula(tf, x(0), floatOf(node, 'alpha', fallback));
}

export function between(tf: Tf, x: TfTensor, low: number, high: number): TfTensor {
  return tf.minimum(tf.maximum(x, tf.scalar(low)), tf.scalar(high));
}

/** log(1 + exp x) = max(x, 0) + log1p(exp -|x|), which does not overflow. */
function softplus(tf: Tf, x: TfTensor): TfTensor {
  return tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
}

function gelu({ tf, node }: KernelCall, x: TfTensor): TfTensor {
  const inner =
    stringOf(node, 'approximate', 'none') === 'tanh'
      ? tf.tanh(
          tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), tf.scalar(0.044715))), tf.scalar(Math.sqrt(2 / Math.PI))),
        )
      : tf.erf(tf.mul(x, tf.scalar(Math.SQRT1_2)));
  return tf.mul(tf.mul(x, tf.scalar(0.5)), tf.add(inner, tf.scalar(1)));
}
