import { intOf } from '../attributes.js';
import { isFloat } from '../dtypes.js';
import type { DType, Tensor } from '../graph.js';
import type { ValueType } from '../shapes/call.js';
import { constantAt } from './call.js';
import type { Evaluator } from './call.js';
import { allocate, broadcastStrides, cellsOf, isBig, isNumeric, walk } from './cells.js';
import type { Cells } from './cells.js';
import { erf, roundHalfEven } from './functions.js';

/** An operation on numbers and its twin on 64-bit integers; undefined where the op does not take such elements. */
interface Binary {
  readonly float?: (a: number, b: number) => number;
  /** For integers of at most 32 bits; the store wraps around. */
  readonly int?: (a: number, b: number) => number;
  readonly big?: (a: bigint, b: bigint) => bigint;
  /** A zero divisor has no result: the node stays. */
  readonly divides?: boolean;
}

const binaries: Readonly<Record<string, Binary>> = {
  Add: { float: (a, b) => a + b, int: (a, b) => a + b, big: (a, b) => a + b },
  Sub: { float: (a, b) => a - b, int: (a, b) => a - b, big: (a, b) => a - b },
  Mul: { float: (a, b) => a * b, int: Math.imul, big: (a, b) => a * b },
  Div: { float: (a, b) => a / b, int: (a, b) => Math.trunc(a / b), big: (a, b) => a / b, divides: true },
  Max: { float: Math.max, int: Math.max, big: (a, b) => (a > b ? a : b) },
  Min: { float: Math.min, int: Math.min, big: (a, b) => (a < b ? a : b) },
};

/** The sign of the result follows the divisor, with `fmod` the dividend. */
const modulo: Binary = {
  int: (a, b) => a - b * Math.floor(a / b),
  big: (a, b) => (a % b !== 0n && a < 0n !== b < 0n ? (a % b) + b : a % b),
  divides: true,
};
const fmod: Binary = { float: (a, b) => a % b, int: (a, b) => a % b, big: (a, b) => a % b, divides: true };

/** Two or, where the op is variadic, more inputs, folded from the left. */
const arithmetic: Evaluator = (call, [type]) => {
  const { op } = call.node;
  const operation = op === 'Mod' ? (intOf(call.node, 'fmod', 0) !== 0 ? fmod : modulo) : binaries[op]!;
  let result = constantAt(call, 0);
  for (let index = 1; index < call.constants.length; index++) {
    const next = binary(operation, result, constantAt(call, index), type!);
    if (next === undefined) return undefined;
    result = next;
  }
  return [result];
};

function binary(operation: Binary, left: Tensor, right: Tensor, { dtype, dims }: ValueType): Tensor | undefined {
  if (!isNumeric(dtype) || dtype === 'bool') return undefined;
  const apply = isBig(dtype) ? operation.big : isFloat(dtype) ? operation.float : operation.int;
  if (apply === undefined) return undefined;
  if (operation.divides && !isFloat(dtype) && Array.prototype.includes.call(right.data, isBig(dtype) ? 0n : 0)) {
    return undefined;
  }
  return combine(left, right, dtype, dims, apply);
}

function combine(
  left: Tensor,
  right: Tensor,
  dtype: DType,
  dims: readonly number[],
  apply: (a: never, b: never) => number | bigint | boolean,
): Tensor {
  const { tensor, cells } = allocate(dtype, dims);
  const [a, b] = [cellsOf(left), cellsOf(right)] as [Cells<never>, Cells<never>];
  const out = cells as unknown as Cells<unknown>;
  const strides = [broadcastStrides(left.dims, dims), broadcastStrides(right.dims, dims)];
  const logical = dtype === 'bool';
  walk(dims, strides, (i, offsets) => {
    const value = apply(a[offsets[0]!]!, b[offsets[1]!]!);
    out[i] = logical ? Number(value) : value;
  });
  return tensor;
}

const comparisons: Readonly<Record<string, (a: never, b: never) => boolean>> = {
  Equal: (a, b) => a === b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  And: (a, b) => Boolean(a) && Boolean(b),
  Or: (a, b) => Boolean(a) || Boolean(b),
  Xor: (a, b) => Boolean(a) !== Boolean(b),
};

const comparison: Evaluator = (call, [type]) => {
  const [left, right] = [constantAt(call, 0), constantAt(call, 1)];
  if (!isNumeric(left.dtype) && !(left.dtype === 'string' && call.node.op === 'Equal')) return undefined;
  return [combine(left, right, 'bool', type!.dims, comparisons[call.node.op]!)];
};

/** The exponent may have another element type than the base. */
const pow: Evaluator = (call, [type]) => {
  const [base, exponent] = [constantAt(call, 0), constantAt(call, 1)];
  const { dtype, dims } = type!;
  if (!isNumeric(dtype) || !isNumeric(exponent.dtype) || dtype === 'bool') return undefined;
  if (!isBig(dtype)) {
    return [
      combine(base, exponent, dtype, dims, (a: number | bigint, b: number | bigint) => Math.pow(Number(a), Number(b))),
    ];
  }
  if (!isBig(exponent.dtype) || (exponent.data as BigInt64Array).some((power) => power < 0n)) return undefined;
  return [combine(base, exponent, dtype, dims, wrappingPower)];
};

/** Modulo 2^64 at every step: the plain `**` of big-ints would let a model ask for numbers of any length. */
function wrappingPower(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [factor, rest] = [base, exponent]; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * factor);
    factor = BigInt.asIntN(64, factor * factor);
  }
  return result;
}

const floatFunctions: Readonly<Record<string, (x: number) => number>> = {
  Sqrt: Math.sqrt,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Round: roundHalfEven,
  Reciprocal: (x) => 1 / x,
  Exp: Math.exp,
  Log: Math.log,
  Erf: erf,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  Sin: Math.sin,
  Cos: Math.cos,
};

const floatFunction: Evaluator = (call) => {
  const data = constantAt(call, 0);
  if (!isFloat(data.dtype) || !isNumeric(data.dtype)) return undefined;
  return [mapped(data, floatFunctions[call.node.op]!)];
};

/** Per op: on numbers, on big-ints. */
const signedFunctions: Readonly<Record<string, readonly [(x: number) => number, (x: bigint) => bigint]>> = {
  Neg: [(x) => -x, (x) => -x],
  Abs: [Math.abs, (x) => (x < 0n ? -x : x)],
  Relu: [(x) => (x < 0 ? 0 : x), (x) => (x < 0n ? 0n : x)],
  Sign: [Math.sign, (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n)],
};

const signedFunction: Evaluator = (call) => {
  const data = constantAt(call, 0);
  if (!isNumeric(data.dtype) || data.dtype === 'bool') return undefined;
  const [onNumbers, onBigInts] = signedFunctions[call.node.op]!;
  return [mapped(data, isBig(data.dtype) ? onBigInts : onNumbers)];
};

const not: Evaluator = (call) => [mapped(constantAt(call, 0), (x: number) => (x === 0 ? 1 : 0))];

function mapped(data: Tensor, apply: (x: never) => number | bigint): Tensor {
  const { tensor, cells } = allocate(data.dtype, data.dims);
  const from = cellsOf(data) as Cells<never>;
  for (let i = 0; i < from.length; i++) cells[i] = apply(from[i]!);
  return tensor;
}

const where: Evaluator = (call, [type]) => {
  const [condition, yes, no] = [constantAt(call, 0), constantAt(call, 1), constantAt(call, 2)];
  const { tensor, cells } = allocate(type!.dtype, type!.dims);
  const [test, a, b] = [cellsOf(condition), cellsOf(yes), cellsOf(no)];
  const strides = [condition, yes, no].map(({ dims }) => broadcastStrides(dims, type!.dims));
  walk(type!.dims, strides, (i, offsets) => (cells[i] = test[offsets[0]!] ? a[offsets[1]!]! : b[offsets[2]!]!));
  return [tensor];
};

const clip: Evaluator = (call) => {
  const data = constantAt(call, 0);
  if (!isNumeric(data.dtype) || (call.opset < 11 && !isFloat(data.dtype))) return undefined;
  const bound = (index: number, name: string) => {
    const constant = call.constants[index];
    if (call.opset >= 11) return constant && (cellsOf(constant)[0] as number);
    const attribute = call.node.attributes.get(name);
    return attribute?.type === 'float' ? attribute.value : undefined;
  };
  const [low, high] = [bound(1, 'min'), bound(2, 'max')];
  // The upper bound wins when the bounds are crossed; < and > keep NaN and work on big-ints too.
  return [
    mapped(data, (x: number) => {
      const raised = low !== undefined && x < low ? low : x;
      return high !== undefined && raised > high ? high : raised;
    }),
  ];
};

const entries = <T>(table: Readonly<Record<string, T>>, evaluator: Evaluator) =>
  Object.fromEntries(Object.keys(table).map((op) => [op, evaluator]));

export const elementwiseEvaluators: Readonly<Record<string, Evaluator>> = {
  ...entries(binaries, arithmetic),
  Mod: arithmetic,
  ...entries(comparisons, comparison),
  ...entries(floatFunctions, floatFunction),
  ...entries(signedFunctions, signedFunction),
  Pow: pow,
  Not: not,
  Where: where,
  Clip: clip,
};
