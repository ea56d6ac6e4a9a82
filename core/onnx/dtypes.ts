import type { DType } from './graph.js';

/** Numbers of `TensorProto.DataType` in the public ONNX schema. */
const codes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};

const byCode = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]));

/** Element type with this `TensorProto.DataType` number; undefined for the ones that are not supported (complex, 4 and 8 bit floats, ...). */
export function dtypeOfCode(code: number): DType | undefined {
  return byCode.get(code);
}

export function codeOfDType(dtype: DType): number {
  return codes[dtype];
}

/** What holds the elements of a tensor; half floats as their bits. Strings are plain arrays. */
export const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Bytes one element takes in memory; a string counts as a pointer. */
export function bytesOf(dtype: DType): number {
  return elementBytes[dtype];
}

const elementBytes: Readonly<Record<DType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  string: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
  bfloat16: 2,
};

export function isInteger(dtype: DType): boolean {
  return dtype.startsWith('int') || dtype.startsWith('uint');
}

export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';
}
