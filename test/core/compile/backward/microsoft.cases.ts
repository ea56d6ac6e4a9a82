import { float32 } from '../../../../core/onnx/tensor.js';
import { none, one, value, w, x, type GradientCase } from '../../../support/gradient-case.js';

const ms = 'com.microsoft';
const conv = (detail: string, activation: string, parameters: readonly number[], addend: boolean): GradientCase =>
  one(
    `${ms}.FusedConv`,
    `${activation}: ${detail}`,
    [x('N', 3, 4, 4), w(2, 3, 3, 3), w(2), ...(addend ? [x('N', 2, 4, 4)] : [])],
    {
      activation,
      pads: [1, 1, 1, 1],
      ...(parameters.length ? { activation_params: { floats: parameters } } : {}),
    },
    { tolerance: 1e-3 },
  );

const epsilon = { epsilon: { float: 1e-5 } };

/** Ops that onnxruntime's optimisers fuse. */
export const microsoftCases: readonly GradientCase[] = [
  conv('alone', 'Tanh', [], false),
  conv('alone', 'Sigmoid', [], false),
  one(`${ms}.FusedConv`, 'an addend', [x('N', 3, 4, 4), w(2, 3, 1, 1), none, x('N', 2, 4, 4)], { activation: 'Tanh' }),
  one(`${ms}.FusedConv`, 'HardSigmoid', [x('N', 2, 3, 3), w(2, 2, 1, 1)], {
    activation: 'HardSigmoid',
    activation_params: { floats: [0.1, 0.5] },
  }),
  one(
    `${ms}.FusedConv`,
    'LeakyRelu that stays positive',
    [x('N', 2, 3, 3), value(float32([1, 2, 1, 1], [1, 1])), value(float32([1], [3]))],
    {
      activation: 'LeakyRelu',
      activation_params: { floats: [0.1] },
    },
  ),
  one(`${ms}.FusedGemm`, 'Tanh', [x('N', 3), w(4, 3), w(4)], { activation: 'Tanh', transB: 1, alpha: { float: 0.5 } }),
  one(`${ms}.FusedMatMul`, 'alpha', [x('N', 3), w(3, 4)], { alpha: { float: 0.3 } }),
  one(`${ms}.FusedMatMul`, 'transB', [x('N', 2, 4, 3), x('N', 2, 5, 3)], { transB: 1, alpha: { float: 0.3 } }),
  one(`${ms}.FusedMatMul`, 'transA', [x('N', 4, 3), w('N', 4, 2)], { transA: 1 }),
  one(`${ms}.Gelu`, 'every element', [x('N', 4)], {}, { range: [-3, 3] }),
  one(`${ms}.BiasGelu`, 'every element', [x('N', 4), w(4)], {}, { range: [-2, 2] }),
  one(`${ms}.FastGelu`, 'bias', [x('N', 4), w(4)], {}, { range: [-2, 2] }),
  one(`${ms}.FastGelu`, 'no bias', [x('N', 4)], {}, { range: [-2, 2] }),
  one(`${ms}.QuickGelu`, 'alpha by default', [x('N', 4)], {}, { range: [-2, 2] }),
  one(`${ms}.QuickGelu`, 'alpha', [x('N', 4)], { alpha: { float: 1 } }, { range: [-2, 2] }),
  one(`${ms}.SkipLayerNormalization`, 'no bias', [x('N', 3, 4), x('N', 3, 4), w(4), w(4)], epsilon, { range: [-3, 3] }),
  one(`${ms}.SkipLayerNormalization`, 'bias', [x('N', 3, 5), w('N', 3, 5), w(5), w(5), w(5)], epsilon, {
    range: [-3, 3],
  }),
];
