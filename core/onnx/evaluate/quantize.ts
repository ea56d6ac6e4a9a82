import { intOf } from '../attributes.js';
import { isInteger } from '../dtypes.js';
import type { DType, Tensor } from '../graph.js';
import { axisIn, malformed, numbersAt, requiredNumbers } from '../shapes/call.js';
import type { OpCall } from '../shapes/call.js';
import { sizeOf } from '../tensor.js';
import type { Evaluator } from './call.js';
import { constantAt } from './call.js';
import { allocate, cellsOf } from './cells.js';
import type { Cells } from './cells.js';
import { roundHalfEven } from './functions.js';

/** (x - zero point) * scale. */
const dequantizeLinear: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  if (type!.dtype !== 'float32' || constantAt(call, 1).dtype !== 'float32' || !isInteger(data.dtype)) return undefined;
  const { scale, zero, at } = parameters(call, data);
  const { tensor, cells } = allocate('float32', data.dims);
  const from = cellsOf(data) as Cells<number>;
  for (let i = 0; i < from.length; i++) {
    const k = at(i);
    cells[i] = (from[i]! - (zero?.[k] ?? 0)) * scale[k]!;
  }
  return [tensor];
};

/** saturate(round half to even(x / scale) + zero point). */
const quantizeLinear: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const limits = ranges[type!.dtype];
  if (data.dtype !== 'float32' || constantAt(call, 1).dtype !== 'float32' || limits === undefined) return undefined;
  const { scale, zero, at } = parameters(call, data);
  const { tensor, cells } = allocate(type!.dtype, data.dims);
  const from = cellsOf(data) as Cells<number>;
  for (let i = 0; i < from.length; i++) {
    const k = at(i);
    const rounded = roundHalfEven(Math.fround(from[i]! / scale[k]!)) + (zero?.[k] ?? 0);
    cells[i] = Math.min(Math.max(rounded, limits[0]), limits[1]);
  }
  return [tensor];
};

const ranges: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** One scale for all, one per index of an axis, or one per block along an axis (`block_size`, opset 21). */
function parameters(
  call: OpCall,
  data: Tensor,
): { scale: number[]; zero: number[] | undefined; at: (i: number) => number } {
  const scale = requiredNumbers(call, 1);
  const zero = numbersAt(call, 2);
  if (zero !== undefined && zero.length !== scale.length) throw malformed(call, 'has scales without zero points');
  if (scale.length === 1) return { scale, zero, at: () => 0 };
  const axis = axisIn(call, intOf(call.node, 'axis', 1), data.dims.length);
  const [dim, inner] = [data.dims[axis]!, sizeOf(data.dims.slice(axis + 1))];
  const block = intOf(call.node, 'block_size', 0);
  const blocks = block > 0 ? Math.ceil(dim / block) : dim;
  if (scale.length !== (block > 0 ? (sizeOf(data.dims) / dim) * blocks : dim)) {
    throw malformed(call, `has ${scale.length} scales for [${data.dims.join(', ')}]`);
  }
  if (block === 0) return { scale, zero, at: (i) => Math.floor(i / inner) % dim };
  return {
    scale,
    zero,
    at: (i) => {
      const [outer, along] = [Math.floor(i / (inner * dim)), Math.floor(i / inner) % dim];
      return (outer * blocks + Math.floor(along / block)) * inner + (i % inner);
    },
  };
}

export const quantizeEvaluators: Readonly<Record<string, Evaluator>> = {
  DequantizeLinear: dequantizeLinear,
  QuantizeLinear: quantizeLinear,
};
