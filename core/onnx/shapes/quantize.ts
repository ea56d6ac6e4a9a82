import { input } from './call.js';
import type { ShapeRule } from './call.js';
import { elementType } from './logic.js';

/** The zero point decides the element type, without one `output_dtype` (opset 21), by default uint8. */
export const quantizeLinear: ShapeRule = (call) => [
  { dtype: call.types[2]?.dtype ?? elementType(call, 'output_dtype', 'uint8'), dims: input(call, 0).dims },
];

export const dequantizeLinear: ShapeRule = (call) => [
  { dtype: elementType(call, 'output_dtype', input(call, 1).dtype), dims: input(call, 0).dims },
];

/** Values, scale, zero point. */
export const dynamicQuantizeLinear: ShapeRule = (call) => [
  { dtype: 'uint8', dims: input(call, 0).dims },
  { dtype: 'float32', dims: [] },
  { dtype: 'uint8', dims: [] },
];

export const quantizeShapes: Readonly<Record<string, ShapeRule>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
};
