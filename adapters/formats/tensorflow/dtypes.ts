import type { DType } from '../../../core/onnx/graph.js';

/** Numbers of TensorFlow's `DataType` (tensorflow/core/framework/types.proto) and their names in JSON. */
const table: readonly (readonly [code: number, name: string, dtype: DType | undefined])[] = [
  [1, 'DT_FLOAT', 'float32'],
  [2, 'DT_DOUBLE', 'float64'],
  [3, 'DT_INT32', 'int32'],
  [4, 'DT_UINT8', 'uint8'],
  [5, 'DT_INT16', 'int16'],
  [6, 'DT_INT8', 'int8'],
  [7, 'DT_STRING', 'string'],
  [8, 'DT_COMPLEX64', undefined],
  [9, 'DT_INT64', 'int64'],
  [10, 'DT_BOOL', 'bool'],
  [11, 'DT_QINT8', undefined],
  [12, 'DT_QUINT8', undefined],
  [13, 'DT_QINT32', undefined],
  [14, 'DT_BFLOAT16', 'bfloat16'],
  [15, 'DT_QINT16', undefined],
  [16, 'DT_QUINT16', undefined],
  [17, 'DT_UINT16', 'uint16'],
  [18, 'DT_COMPLEX128', undefined],
  [19, 'DT_HALF', 'float16'],
  [20, 'DT_RESOURCE', undefined],
  [21, 'DT_VARIANT', undefined],
  [22, 'DT_UINT32', 'uint32'],
  [23, 'DT_UINT64', 'uint64'],
];

const byCode = new Map(table.map((entry) => [entry[0], entry]));
const codes = new Map(table.map(([code, name]) => [name, code]));

/** Undefined for types that no graph can hold: complex, quantised, resources. TF1 adds 100 for references. */
export function tfDType(code: number): DType | undefined {
  return byCode.get(code > refOffset ? code - refOffset : code)?.[2];
}

/** What to call a data type in a message. */
export function tfDTypeName(code: number): string {
  return byCode.get(code)?.[1] ?? `data type ${code}`;
}

/** The number of a type by its name in JSON; 0 for an unknown one. */
export function tfDTypeCode(name: string): number {
  return codes.get(name) ?? 0;
}

export const dtResource = 20;
const refOffset = 100;
