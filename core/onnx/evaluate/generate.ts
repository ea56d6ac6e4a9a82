import { intOf, floatOf, floatsOf, intsOf, stringOf, stringsOf, tensorOf } from '../attributes.js';
import type { Tensor } from '../graph.js';
import { shapeRange } from '../shapes/generate.js';
import { input } from '../shapes/call.js';
import { float32, int64, sizeOf } from '../tensor.js';
import type { Evaluator } from './call.js';
import { constantAt } from './call.js';
import { allocate, cellsOf, isBig } from './cells.js';

/** Constant has one attribute of several kinds; a sparse value is dense by the time it gets here. */
export const constant: Evaluator = ({ node }) => {
  const tensor = tensorOf(node, 'value', undefined) ?? tensorOf(node, 'sparse_value', undefined) ?? listed(node);
  return tensor && [tensor];
};

function listed(node: Parameters<typeof intOf>[0]): Tensor | undefined {
  const float = floatOf(node, 'value_float', undefined);
  if (float !== undefined) return float32([], [float]);
  const floats = floatsOf(node, 'value_floats', undefined);
  if (floats !== undefined) return float32([floats.length], floats);
  const int = intOf(node, 'value_int', undefined);
  if (int !== undefined) return int64([], [int]);
  const ints = intsOf(node, 'value_ints', undefined);
  if (ints !== undefined) return int64([ints.length], ints);
  const string = stringOf(node, 'value_string', undefined);
  if (string !== undefined) return { dtype: 'string', dims: [], data: [string] };
  const strings = stringsOf(node, 'value_strings', undefined);
  return strings && { dtype: 'string', dims: [strings.length], data: strings };
}

export const shape: Evaluator = (call) => {
  const dims = shapeRange(call);
  return [int64([dims.length], dims)];
};

export const size: Evaluator = (call) => [int64([], [sizeOf(input(call, 0).dims)])];

const constantOfShape: Evaluator = (call, [type]) => {
  const { tensor, cells } = allocate(type!.dtype, type!.dims);
  const value = tensorOf(call.node, 'value', undefined);
  const filler = value && cellsOf(value)[0];
  if (filler !== undefined) {
    for (let i = 0; i < cells.length; i++) cells[i] = filler;
  }
  return [tensor];
};

const range: Evaluator = (call, [type]) => {
  if (type!.dtype === 'float16' || type!.dtype === 'bfloat16') return undefined;
  const { tensor, cells } = allocate(type!.dtype, type!.dims);
  const [start, delta] = [cellsOf(constantAt(call, 0))[0]!, cellsOf(constantAt(call, 2))[0]!];
  for (let i = 0; i < cells.length; i++) {
    cells[i] = isBig(type!.dtype)
      ? (start as bigint) + BigInt(i) * (delta as bigint)
      : (start as number) + i * (delta as number);
  }
  return [tensor];
};

const eyeLike: Evaluator = (call, [type]) => {
  const { dtype, dims } = type!;
  if (dtype === 'float16' || dtype === 'bfloat16' || dtype === 'string') return undefined;
  const { tensor, cells } = allocate(dtype, dims);
  const [rows, columns] = [dims[0]!, dims[1]!];
  const shift = intOf(call.node, 'k', 0);
  for (let row = Math.max(0, -shift); row < rows && row + shift < columns; row++) {
    cells[row * columns + row + shift] = isBig(dtype) ? 1n : 1;
  }
  return [tensor];
};

export const generateEvaluators: Readonly<Record<string, Evaluator>> = {
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
};
