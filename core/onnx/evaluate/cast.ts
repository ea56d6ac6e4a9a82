import type { DType, Tensor } from '../graph.js';
import { isFloat } from '../dtypes.js';
import { numbersOf } from '../tensor.js';
import type { Evaluator } from './call.js';
import { constantAt } from './call.js';
import { allocate, cellsOf, isBig, isNumeric } from './cells.js';
import type { Cells } from './cells.js';

export const cast: Evaluator = (call, [type]) => {
  const tensor = castTensor(constantAt(call, 0), type!.dtype);
  return tensor && [tensor];
};

/**
 * Floats are truncated towards zero, integers wrap around, everything but 0 is true. Undefined for strings, for results in
 * half precision, and where C leaves the result undefined (a float beyond the integer type).
 */
export function castTensor(source: Tensor, dtype: DType): Tensor | undefined {
  if (source.dtype === dtype) return source;
  if (source.dtype === 'string' || !isNumeric(dtype)) return undefined;
  const { tensor, cells } = allocate(dtype, source.dims);
  if (isBig(source.dtype)) {
    const from = cellsOf(source) as Cells<bigint>;
    const convert = fromBig(dtype);
    for (let i = 0; i < from.length; i++) cells[i] = convert(from[i]!);
    return tensor;
  }
  const from = isNumeric(source.dtype) ? (cellsOf(source) as Cells<number>) : numbersOf(source);
  const toInteger = isFloat(source.dtype) && !isFloat(dtype) && dtype !== 'bool';
  const limit = 2 ** (isBig(dtype) ? 63 : 31);
  for (let i = 0; i < from.length; i++) {
    const value = from[i]!;
    if (toInteger && !(Math.abs(value) < limit || (dtype === 'uint32' && value < 2 ** 32 && value > 0)))
      return undefined;
    cells[i] = dtype === 'bool' ? Number(value !== 0) : isBig(dtype) ? BigInt(Math.trunc(value)) : value;
  }
  return tensor;
}

function fromBig(dtype: DType): (value: bigint) => number | bigint {
  if (isBig(dtype)) return (value) => value;
  if (dtype === 'bool') return (value) => Number(value !== 0n);
  if (isFloat(dtype)) return Number;
  return (value) => Number(BigInt.asIntN(32, value));
}
