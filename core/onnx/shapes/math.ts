import { broadcast, input, malformed, requiredIntegers } from './call.js';
import type { OpCall, ShapeRule, ValueType } from './call.js';

/** The output is like the first input. */
export const sameAsFirst: ShapeRule = (call) => [input(call, 0)];

/** Multidirectional broadcasting; the output has the first input's element type. */
export const broadcastAll: ShapeRule = (call) => {
  const types = call.types.map((_, index) => input(call, index));
  const first = input(call, 0);
  for (const type of types) sameElements(call, first, type);
  return [{ dtype: first.dtype, dims: broadcast(call, ...types.map((type) => type.dims)) }];
};

/** Multidirectional broadcasting of inputs whose element types may differ: Pow. */
export const broadcastMixed: ShapeRule = (call) => {
  const [left, right] = [input(call, 0), input(call, 1)];
  return [{ dtype: left.dtype, dims: broadcast(call, left.dims, right.dims) }];
};

/** The second input must broadcast to the first: PRelu. */
export const broadcastToFirst: ShapeRule = (call) => {
  const [data, slope] = [input(call, 0), input(call, 1)];
  sameElements(call, data, slope);
  const dims = broadcast(call, data.dims, slope.dims);
  if (dims.length !== data.dims.length || dims.some((dim, axis) => dim !== data.dims[axis])) {
    throw malformed(call, `cannot broadcast [${slope.dims.join(', ')}] to [${data.dims.join(', ')}]`);
  }
  return [data];
};

/** Bounds are scalars, as attributes before opset 11 and as inputs from then on. */
export const clip: ShapeRule = (call) => {
  const data = input(call, 0);
  for (const bound of call.types.slice(1)) if (bound !== undefined) sameElements(call, data, bound);
  return [data];
};

/** Along an axis that must be known to be legal: CumSum. */
export const cumulative: ShapeRule = (call) => {
  const data = input(call, 0);
  if (requiredIntegers(call, 1).length !== 1) throw malformed(call, 'needs exactly one axis');
  return [data];
};

/** ONNX has no implicit casts: a mismatch would make every engine refuse the model. */
export function sameElements(call: OpCall, expected: ValueType, actual: ValueType): void {
  if (expected.dtype !== actual.dtype) {
    throw malformed(call, `mixes element types ${expected.dtype} and ${actual.dtype}`);
  }
}

const unary = [
  'Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cos Cosh Elu Erf Erfc Exp Floor Gelu HardSigmoid HardSwish Hardmax',
  'Identity LRN LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg Reciprocal Relu Round Selu',
  'Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu Trilu',
];
const variadic = ['Add BitShift BitwiseAnd BitwiseOr BitwiseXor Div Max Mean Min Mod Mul Sub Sum'];

export const mathShapes: Readonly<Record<string, ShapeRule>> = {
  ...table(unary, sameAsFirst),
  ...table(variadic, broadcastAll),
  Pow: broadcastMixed,
  PRelu: broadcastToFirst,
  Clip: clip,
  CumSum: cumulative,
};

/** One rule for every op in lists of names separated by blanks. */
export function table(names: readonly string[], rule: ShapeRule): Record<string, ShapeRule> {
  return Object.fromEntries(names.flatMap((line) => line.split(' ')).map((name) => [name, rule]));
}
