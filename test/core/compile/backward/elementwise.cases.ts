import { float32, int64, scalar } from '../../../../core/onnx/tensor.js';
import {
  none,
  node,
  one,
  same,
  several,
  value,
  w,
  within,
  x,
  type CaseOptions,
  type GradientCase,
} from '../../../support/gradient-case.js';

const unary = (op: string, options: CaseOptions = {}, attributes = {}, detail = 'every element'): GradientCase =>
  one(op, detail, [x('N', 3, 4)], attributes, options);

/** Broadcasting both ways, operands of lower rank, and the same operand twice. */
function binary(op: string, options: CaseOptions = {}): GradientCase[] {
  return [
    one(op, 'both depend on the image', [x('N', 2, 3), x('N', 2, 3)], {}, options),
    one(op, 'first with a constant', [x('N', 2, 3), w(2, 3)], {}, options),
    one(op, 'second with a constant', [w(2, 3), x('N', 2, 3)], {}, options),
    one(op, 'a scalar constant', [x('N', 2, 3), within(...(options.range ?? [-1, 1]))], {}, options),
    one(op, 'the constant stretches the image', [x('N', 1, 3), w(2, 1)], {}, options),
    one(op, 'the constant has more axes', [x(3), w(2, 4, 1)], {}, options),
    one(op, 'a lower-rank operand depends on the image', [w('N', 2, 3), x(3)], {}, options),
    one(op, 'a scalar depends on the image', [x(), w(2, 3)], {}, options),
    one(op, 'both stretch', [x('N', 1, 3), x(2, 1)], {}, options),
    one(op, 'the same twice', [x('N', 2, 3), same(0)], {}, options),
  ];
}

/** Any number of inputs. */
const variadic = (op: string, options: CaseOptions = {}): GradientCase[] => [
  one(op, 'one input', [x('N', 3)], {}, options),
  one(op, 'two inputs', [x('N', 2, 3), x('N', 2, 3)], {}, options),
  one(op, 'three inputs that stretch', [x('N', 2, 3), x(2, 1), w(3)], {}, options),
  one(op, 'a constant first', [w('N', 1, 3), x(2, 1)], {}, options),
];

const positive: CaseOptions = { range: [0.5, 2] };
const order: CaseOptions = { spaced: 0.25, tolerance: 1e-3 };
const relu: CaseOptions = { away: [0] };

export const elementwiseCases: readonly GradientCase[] = [
  ...binary('Add'),
  ...binary('Sub'),
  ...binary('Mul'),
  ...binary('Div', positive),
  ...binary('Pow', positive),
  one('Pow', 'square', [x('N', 4), value(scalar(2))], {}, { range: [-1, 1] }),
  one('Pow', 'square at zero', [x('N', 4), value(scalar(2))], {}, { range: [0, 0] }),
  one('Pow', 'exponent 1 at zero', [x('N', 4), value(scalar(1))], {}, { range: [0, 0] }),
  one('Pow', 'exponent 0 at zero', [x('N', 4), value(float32([4], [0, 1, 2, 3]))], {}, { range: [0, 0] }),
  one('Pow', 'negative exponents', [x('N', 3), value(float32([3], [-1, -2, 0.5]))], {}, positive),
  one('Pow', 'an integer exponent', [x('N', 4), value(int64([], [3]))], {}, { range: [-1, 1] }),
  one('Pow', 'a half', [x('N', 4), value(scalar(0.5))], {}, positive),
  one(
    'Pow',
    'integer exponents of negative numbers',
    [x('N', 3), value(float32([3], [2, 3, 4]))],
    {},
    { range: [-1, -0.5] },
  ),
  ...variadic('Sum'),
  ...variadic('Mean'),
  ...variadic('Max', order),
  ...variadic('Min', order),
  one('Max', 'ReLU6 as Max', [x('N', 4), value(scalar(0))], {}, { ...relu }),
  one('Mod', 'fmod', [x('N', 6), value(scalar(0.7))], { fmod: 1 }, { away: [0, 0.7, -0.7] }),
  one('Mod', 'fmod, the divisor stretches', [x('N', 1, 3), value(float32([2, 1], [3, 5]))], { fmod: 1 }),

  one('PRelu', 'one slope', [x('N', 3, 4), value(scalar(0.3))], {}, relu),
  one('PRelu', 'a slope per channel', [x('N', 3, 2, 2), w(3, 1, 1)], {}, relu),
  one('PRelu', 'the slope depends on the image', [x('N', 3, 2), x(3, 1)], {}, relu),
  one('PRelu', 'slope 1 x n', [x('N', 4), w(1, 4)], {}, relu),
  unary('Relu', relu),
  unary('LeakyRelu', relu),
  unary('LeakyRelu', relu, { alpha: { float: 0.3 } }, 'alpha'),
  unary('ThresholdedRelu', { away: [1], range: [0, 2] }),
  unary('ThresholdedRelu', { away: [0.2] }, { alpha: { float: 0.2 } }, 'alpha'),
  unary('Elu', { away: [0] }),
  unary('Elu', { away: [0] }, { alpha: { float: 0.3 } }, 'alpha'),
  unary('Celu', { away: [0] }),
  unary('Celu', { away: [0] }, { alpha: { float: 0.3 } }, 'alpha'),
  unary('Selu', { away: [0] }),
  unary('Selu', { away: [0] }, { alpha: { float: 1.2 }, gamma: { float: 0.7 } }, 'alpha, gamma'),
  unary('Shrink', { away: [-0.5, 0.5] }),
  unary('Shrink', { away: [-0.2, 0.2] }, { lambd: { float: 0.2 }, bias: { float: 0.2 } }, 'soft'),
  one('Clip', 'both bounds', [x('N', 3, 4), value(scalar(-0.5)), value(scalar(0.3))], {}, { away: [-0.5, 0.3] }),
  one('Clip', 'lower bound', [x('N', 3, 4), value(scalar(-0.5))], {}, { away: [-0.5] }),
  one('Clip', 'upper bound', [x('N', 3, 4), none, value(scalar(0.3))], {}, { away: [0.3] }),
  one('Clip', 'no bound', [x('N', 3, 4)]),
  unary('HardSigmoid', { away: [-2.5, 2.5], range: [-4, 4] }),
  unary(
    'HardSigmoid',
    { away: [-3, 3], range: [-4, 4] },
    { alpha: { float: 1 / 6 }, beta: { float: 0.5 } },
    'alpha, beta',
  ),
  unary('HardSwish', { away: [-3, 3], range: [-4, 4] }),
  unary('Mish', { range: [-3, 3] }),
  unary('Softplus', { range: [-3, 3] }),
  unary('Softsign', { away: [0], range: [-3, 3] }),
  unary('Sigmoid', { range: [-3, 3] }),
  unary('Tanh', { range: [-2, 2] }),
  unary('Gelu', { range: [-3, 3] }),
  unary('Gelu', { range: [-3, 3] }, { approximate: 'tanh' }, 'tanh'),
  unary('Swish', { range: [-3, 3], opset: 24 }),
  unary('Swish', { range: [-3, 3], opset: 24 }, { alpha: { float: 1.7 } }, 'alpha'),
  unary('Erf', { range: [-2, 2] }),

  unary('Abs', relu),
  unary('Acos', { range: [-0.8, 0.8] }),
  unary('Asin', { range: [-0.8, 0.8] }),
  unary('Atan'),
  unary('Cos'),
  unary('Cosh'),
  unary('Exp'),
  unary('Log', positive),
  unary('Neg'),
  unary('Reciprocal', positive),
  unary('Sin'),
  unary('Sinh'),
  unary('Sqrt', positive),
  unary('Tan'),
  unary('Asinh'),
  unary('Acosh', { range: [1.5, 3] }),
  unary('Atanh', { range: [-0.7, 0.7] }),
  unary('Identity'),
  unary('Dropout', {}, { seed: 1 }, 'inference'),
  one('Cast', 'to float32', [x('N', 3)], { to: 1 }),
  one('Cast', 'to float64 and back', [x('N', 3)], { to: 1 }),
  one('CastLike', 'to float32', [x('N', 3), w(2)]),
  several(
    'Add',
    'a value used three times',
    [x('N', 3)],
    [node('Mul', ['in0', 'in0'], ['square']), node('Add', ['square', 'in0'], ['y0'])],
  ),
  several(
    'Mul',
    'SiLU as two nodes',
    [x('N', 3)],
    [node('Sigmoid', ['in0'], ['gate']), node('Mul', ['in0', 'gate'], ['y0'])],
  ),
];
