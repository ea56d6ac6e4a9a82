import { intOf, tensorOf } from '../attributes.js';
import { input, malformed, requiredIntegers, requiredNumber } from './call.js';
import type { OpCall, ShapeRule } from './call.js';
import { shapeFrom } from './layout.js';
import { elementType } from './logic.js';
import { sameElements } from './math.js';

export const constantOfShape: ShapeRule = (call) => [
  { dtype: tensorOf(call.node, 'value', undefined)?.dtype ?? 'float32', dims: shapeFrom(call, 0) },
];

export const range: ShapeRule = (call) => {
  const first = input(call, 0);
  for (const index of [1, 2]) sameElements(call, first, input(call, index));
  const [start, limit, delta] = [requiredNumber(call, 0), requiredNumber(call, 1), requiredNumber(call, 2)];
  if (delta === 0 || ![start, limit, delta].every(Number.isFinite)) {
    throw malformed(call, `counts from ${start} to ${limit} in steps of ${delta}`);
  }
  return [{ dtype: first.dtype, dims: [Math.max(0, Math.ceil((limit - start) / delta))] }];
};

export const eyeLike: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  if (dims.length !== 2) throw malformed(call, `needs a matrix, not ${dims.length} axes`);
  return [{ dtype: elementType(call, 'dtype', dtype), dims }];
};

export const shape: ShapeRule = (call) => {
  return [{ dtype: 'int64', dims: [shapeRange(call).length] }];
};

/** The dims a Shape node yields; `start` and `end` (opset 15) are clamped. */
export function shapeRange(call: OpCall): readonly number[] {
  const { dims } = input(call, 0);
  const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + dims.length : index, 0), dims.length);
  return dims.slice(clamp(intOf(call.node, 'start', 0)), clamp(intOf(call.node, 'end', dims.length)));
}

const window: ShapeRule = (call) => [
  { dtype: elementType(call, 'output_datatype', 'float32'), dims: requiredIntegers(call, 0) },
];

export const generateShapes: Readonly<Record<string, ShapeRule>> = {
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  Shape: shape,
  Size: () => [{ dtype: 'int64', dims: [] }],
  BlackmanWindow: window,
  HammingWindow: window,
  HannWindow: window,
};
