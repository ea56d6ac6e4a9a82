import { intOf } from '../attributes.js';
import { dtypeOfCode } from '../dtypes.js';
import type { DType } from '../graph.js';
import { broadcast, input, malformed, unsupported } from './call.js';
import type { OpCall, ShapeRule } from './call.js';
import { sameElements, table } from './math.js';

/** Comparison: equal element types in, bool out. */
export const compare: ShapeRule = (call) => {
  const [left, right] = [input(call, 0), input(call, 1)];
  sameElements(call, left, right);
  return [{ dtype: 'bool', dims: broadcast(call, left.dims, right.dims) }];
};

/** And, Or, Xor, Not. */
export const logical: ShapeRule = (call) => {
  const types = call.types.map((_, index) => input(call, index));
  const other = types.find(({ dtype }) => dtype !== 'bool');
  if (other !== undefined) throw malformed(call, `needs bool, not ${other.dtype}`);
  return [{ dtype: 'bool', dims: broadcast(call, ...types.map(({ dims }) => dims)) }];
};

export const predicate: ShapeRule = (call) => [{ dtype: 'bool', dims: input(call, 0).dims }];

export const where: ShapeRule = (call) => {
  const [condition, left, right] = [input(call, 0), input(call, 1), input(call, 2)];
  if (condition.dtype !== 'bool') throw malformed(call, `has a condition of type ${condition.dtype}`);
  sameElements(call, left, right);
  return [{ dtype: left.dtype, dims: broadcast(call, condition.dims, left.dims, right.dims) }];
};

export const cast: ShapeRule = (call) => [{ dtype: elementType(call, 'to'), dims: input(call, 0).dims }];

export const castLike: ShapeRule = (call) => [{ dtype: input(call, 1).dtype, dims: input(call, 0).dims }];

/** The element type that an attribute names by its `TensorProto.DataType` number. */
export function elementType(call: OpCall, attribute: string, fallback?: DType): DType {
  const code = intOf(call.node, attribute, undefined);
  // 0 is UNDEFINED: the attribute counts as absent.
  if (code === undefined || code === 0) {
    if (fallback === undefined) throw malformed(call, `lacks the attribute "${attribute}"`);
    return fallback;
  }
  const dtype = dtypeOfCode(code);
  if (dtype === undefined) throw unsupported(call, `yields elements of ONNX data type ${code}`);
  return dtype;
}

export const logicShapes: Readonly<Record<string, ShapeRule>> = {
  ...table(['Equal Greater GreaterOrEqual Less LessOrEqual'], compare),
  ...table(['And Not Or Xor'], logical),
  ...table(['IsInf IsNaN'], predicate),
  Where: where,
  Cast: cast,
  CastLike: castLike,
};
