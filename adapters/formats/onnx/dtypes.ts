import type { DType } from '../../../core/onnx/graph.js';

/** TensorProto.DataType by number: the ones a graph can hold. */
export const dtypeById: Readonly<Record<number, DType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

export const idByDtype = Object.fromEntries(
  Object.entries(dtypeById).map(([id, dtype]) => [dtype, Number(id)]),
) as Readonly<Record<DType, number>>;

/** Bytes of one element in raw_data; strings have no such form. */
export const bytesPerElement: Readonly<Record<Exclude<DType, 'string'>, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/** What to call a data type that no graph can hold. */
export function dtypeName(id: number): string {
  return dtypeById[id] ?? otherNames[id] ?? `data type ${id}`;
}

const otherNames: Readonly<Record<number, string>> = {
  0: 'no data type',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
  25: 'uint2',
  26: 'int2',
  27: 'float6e2m3',
  28: 'float6e3m2',
};
