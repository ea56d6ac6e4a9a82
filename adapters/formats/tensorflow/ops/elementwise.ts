import { float32 } from '../../../../core/onnx/tensor.js';
import { isFloat } from '../../../../core/onnx/dtypes.js';
import type { DType } from '../../../../core/onnx/graph.js';
import type { Convert, OpContext } from '../context.js';

/** An op that ONNX has with the same inputs. */
export function same(op: string): Convert {
  return (c) => c.emit.op(op, c.inputs);
}

/** A constant of a value's type. */
export function typed(c: OpContext, value: number, dtype: DType): string {
  if (dtype === 'float32') return c.emit.constant(float32([], [value]));
  if (dtype === 'float64') return c.emit.constant({ dtype, dims: [], data: Float64Array.of(value) });
  if (dtype === 'int32') return c.emit.constant({ dtype, dims: [], data: Int32Array.of(value) });
  if (dtype === 'int64') return c.emit.constant({ dtype, dims: [], data: BigInt64Array.of(BigInt(value)) });
  return c.cast(c.emit.constant(float32([], [value])), dtype);
}

export const squaredDifference: Convert = (c) => {
  const difference = c.emit.op('Sub', [c.input(0), c.input(1)]);
  return c.emit.op('Mul', [difference, difference]);
};

export const square: Convert = (c) => c.emit.op('Mul', [c.input(0), c.input(0)]);

export const rsqrt: Convert = (c) => c.emit.op('Reciprocal', [c.emit.op('Sqrt', [c.input(0)])]);

export const log1p: Convert = (c) => c.emit.op('Log', [c.emit.op('Add', [c.input(0), typed(c, 1, c.dtype('T'))])]);

export const expm1: Convert = (c) => c.emit.op('Sub', [c.emit.op('Exp', [c.input(0)]), typed(c, 1, c.dtype('T'))]);

/** 1 - erf(x), as Keras 3 writes GELU. */
export const erfc: Convert = (c) => c.emit.op('Sub', [typed(c, 1, c.dtype('T')), c.emit.op('Erf', [c.input(0)])]);

export const notEqual: Convert = (c) => c.emit.op('Not', [c.emit.op('Equal', [c.input(0), c.input(1)])]);

/** 0 where the divisor is 0. */
export const divNoNan: Convert = (c) => {
  const zero = typed(c, 0, c.dtype('T'));
  const isZero = c.emit.op('Equal', [c.input(1), zero]);
  const divisor = c.emit.op('Where', [isZero, typed(c, 1, c.dtype('T')), c.input(1)]);
  return c.emit.op('Where', [isZero, zero, c.emit.op('Div', [c.input(0), divisor])]);
};

/** Integers go through float64, which is exact for the sizes that models compute with: ONNX rounds their quotient to zero. */
export const floorDiv: Convert = (c) => {
  const dtype = c.dtype('T');
  if (isFloat(dtype)) return c.emit.op('Floor', [c.emit.op('Div', [c.input(0), c.input(1)])]);
  const [a, b] = [c.cast(c.input(0), 'float64'), c.cast(c.input(1), 'float64')];
  return c.cast(c.emit.op('Floor', [c.emit.op('Div', [a, b])]), dtype);
};

/** The sign of the divisor, as ONNX has it for integers: a - floor(a / b) * b. */
export const floorMod: Convert = (c) => {
  const [a, b] = [c.input(0), c.input(1)];
  if (!isFloat(c.dtype('T'))) return c.emit.op('Mod', [a, b]);
  const whole = c.emit.op('Floor', [c.emit.op('Div', [a, b])]);
  return c.emit.op('Sub', [a, c.emit.op('Mul', [whole, b])]);
};

export const cast: Convert = (c) => c.cast(c.input(0), c.dtype('DstT'));

/** Select with a vector as condition chooses whole rows; otherwise the shapes are the same. */
export const select: Convert = (c) => {
  const [condition, data] = [c.typeOf(c.input(0)), c.typeOf(c.input(1))];
  if (!condition || !data) c.unsupported('chooses between values of unknown shape');
  const missing = data!.dims.length - condition!.dims.length;
  const spread =
    missing > 0 && condition!.dims.length === 1
      ? c.emit.op('Unsqueeze', [c.input(0), c.vector(...Array.from({ length: missing }, (_, i) => i + 1))])
      : c.input(0);
  return c.emit.op('Where', [spread, c.input(1), c.input(2)]);
};

/** ClipByValue(x, min, max); min and max may be tensors. */
export const clipByValue: Convert = (c) => {
  const scalars = [1, 2].every((index) => c.typeOf(c.input(index))?.dims.length === 0);
  if (scalars) return c.emit.op('Clip', [c.input(0), c.input(1), c.input(2)]);
  return c.emit.op('Min', [c.emit.op('Max', [c.input(0), c.input(1)]), c.input(2)]);
};

export const likes =
  (value: number): Convert =>
  (c) =>
    c.emit.op('Expand', [typed(c, value, c.dtype('T')), c.emit.op('Shape', [c.input(0)])]);
