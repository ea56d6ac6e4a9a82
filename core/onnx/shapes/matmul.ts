import { intOf } from '../attributes.js';
import { broadcast, input, malformed } from './call.js';
import type { OpCall, ShapeRule, ValueType } from './call.js';
import { sameElements } from './math.js';

export const matMul: ShapeRule = (call) => {
  const [left, right] = [input(call, 0), input(call, 1)];
  sameElements(call, left, right);
  return [{ dtype: left.dtype, dims: product(call, left.dims, right.dims) }];
};

export const matMulInteger: ShapeRule = (call) => [
  { dtype: 'int32', dims: product(call, input(call, 0).dims, input(call, 1).dims) },
];

/** a, its scale, its zero point, b, its scale, its zero point, y scale, y zero point. */
export const qLinearMatMul: ShapeRule = (call) => [
  { dtype: input(call, 7).dtype, dims: product(call, input(call, 0).dims, input(call, 3).dims) },
];

/** Leading axes broadcast; a vector gets an axis of 1 for the product, which is then taken away. */
function product(call: OpCall, left: readonly number[], right: readonly number[]): number[] {
  if (left.length === 0 || right.length === 0) throw malformed(call, 'multiplies a scalar');
  const [a, b] = [left.length === 1 ? [1, ...left] : left, right.length === 1 ? [...right, 1] : right];
  if (a.at(-1) !== b.at(-2)) throw malformed(call, `cannot multiply [${left.join(', ')}] by [${right.join(', ')}]`);
  const dims = broadcast(call, a.slice(0, -2), b.slice(0, -2));
  if (left.length > 1) dims.push(a.at(-2)!);
  if (right.length > 1) dims.push(b.at(-1)!);
  return dims;
}

export const gemm: ShapeRule = (call) => {
  const [left, right] = [input(call, 0), input(call, 1)];
  sameElements(call, left, right);
  const [rows, inner] = matrix(call, left, intOf(call.node, 'transA', 0) !== 0);
  const [same, columns] = matrix(call, right, intOf(call.node, 'transB', 0) !== 0);
  if (inner !== same) throw malformed(call, `cannot multiply [${left.dims.join(', ')}] by [${right.dims.join(', ')}]`);
  const bias = call.types[2];
  if (bias !== undefined) {
    sameElements(call, left, bias);
    const dims = broadcast(call, bias.dims, [rows, columns]);
    if (dims.length !== 2 || dims[0] !== rows || dims[1] !== columns) {
      throw malformed(call, `cannot broadcast [${bias.dims.join(', ')}] to [${rows}, ${columns}]`);
    }
  }
  return [{ dtype: left.dtype, dims: [rows, columns] }];
};

function matrix(call: OpCall, { dims }: ValueType, transposed: boolean): [number, number] {
  const [rows, columns] = dims;
  if (dims.length !== 2) throw malformed(call, `needs matrices, not [${dims.join(', ')}]`);
  return transposed ? [columns!, rows!] : [rows!, columns!];
}

/** com.microsoft: MatMul whose operands may be transposed in their last two axes, or have the batch axis moved. */
export const fusedMatMul: ShapeRule = (call) => {
  const [left, right] = [input(call, 0), input(call, 1)];
  const side = (type: ValueType, transpose: string, batch: string) => {
    let dims = [...type.dims];
    if (dims.length < 2) return dims;
    if (intOf(call.node, batch, 0) !== 0) dims = [...dims.slice(1, -1), dims[0]!, dims.at(-1)!];
    if (intOf(call.node, transpose, 0) !== 0) dims = [...dims.slice(0, -2), dims.at(-1)!, dims.at(-2)!];
    return dims;
  };
  const dims = product(call, side(left, 'transA', 'transBatchA'), side(right, 'transB', 'transBatchB'));
  return [{ dtype: left.dtype, dims }];
};

/** Determinants of square matrices in the last two axes. */
const det: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  if (dims.length < 2 || dims.at(-1) !== dims.at(-2))
    throw malformed(call, `needs square matrices, not [${dims.join(', ')}]`);
  return [{ dtype, dims: dims.slice(0, -2) }];
};

export const matmulShapes: Readonly<Record<string, ShapeRule>> = {
  MatMul: matMul,
  MatMulInteger: matMulInteger,
  QLinearMatMul: qLinearMatMul,
  Gemm: gemm,
  Det: det,
};
