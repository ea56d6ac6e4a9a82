import { kernels, type Kernel, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { collapsed } from '../shapes.js';

/** Comparisons and logic; truth values are 0 and 1. */
export const compare: KernelTable = kernels('moves', {
  Equal: comparison((tf) => tf.equal),
  Greater: comparison((tf) => tf.greater),
  GreaterOrEqual: comparison((tf) => tf.greaterEqual),
  Less: comparison((tf) => tf.less),
  LessOrEqual: comparison((tf) => tf.lessEqual),
  And: logic((tf, a, b) => tf.mul(a, b)),
  Or: logic((tf, a, b) => tf.maximum(a, b)),
  Xor: logic((tf, a, b) => tf.abs(tf.sub(a, b))),
  Not: ({ tf, x }) => tf.sub(tf.scalar(1), x(0)),
});

function comparison(of: (tf: Tf) => (a: TfTensor, b: TfTensor) => TfTensor): Kernel {
  return logic((tf, a, b) => tf.cast(of(tf)(a, b), 'float32'));
}

function logic(combine: (tf: Tf, a: TfTensor, b: TfTensor) => TfTensor): Kernel {
  return ({ tf, out, dims, x }) => {
    const [a, b] = collapsed(out[0]!.dims, [dims(0), dims(1)]) as [number[], number[]];
    return combine(tf, x(0, a), x(1, b));
  };
}
