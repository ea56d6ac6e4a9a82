import { float32 } from '../../../../core/onnx/tensor.js';
import { none, one, value, w, within, x, type GradientCase } from '../../../support/gradient-case.js';

const hidden = { hidden_size: 3 };
const both = { ...hidden, direction: 'bidirectional' };

/** Recurrent ops over sequences of known length: [steps, images, features]. */
export const recurrentCases: readonly GradientCase[] = [
  one('LSTM', 'every hidden state', [x(4, 'N', 2), w(1, 12, 2), w(1, 12, 3)], hidden),
  one('LSTM', 'a single step', [x(1, 'N', 2), w(1, 12, 2), w(1, 12, 3), w(1, 24)], hidden),
  one('LSTM', 'reverse', [x(4, 'N', 2), w(1, 12, 2), w(1, 12, 3), w(1, 24)], { ...hidden, direction: 'reverse' }),
  one('LSTM', 'both directions', [x(3, 'N', 2), w(2, 12, 2), w(2, 12, 3), w(2, 24)], both),
  one('LSTM', 'last hidden state', [x(3, 'N', 2), w(2, 12, 2), w(2, 12, 3), w(2, 24)], both, { outputs: 3, output: 1 }),
  one('LSTM', 'last cell state', [x(3, 'N', 2), w(2, 12, 2), w(2, 12, 3), w(2, 24)], both, { outputs: 3, output: 2 }),
  one(
    'LSTM',
    'states to begin with',
    [x(3, 'N', 2), w(1, 12, 2), w(1, 12, 3), w(1, 24), none, x(1, 'N', 3), x(1, 'N', 3)],
    hidden,
  ),
  one(
    'LSTM',
    'large values',
    [x(3, 'N', 2), within(-3, 3, 1, 12, 2), within(-3, 3, 1, 12, 3), value(float32([1, 24], new Array(24).fill(0.5)))],
    hidden,
  ),
];
