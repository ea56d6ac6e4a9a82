import type { Tensor } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { onnx } from '../../../proto/gen/onnx-types.js';
import { decodeDims, decodeTensor, elementCount, type TensorSource } from './tensors.js';

/**
 * A sparse tensor made dense.
 * @throws ScanError `model-malformed`, `model-too-large`.
 */
export function decodeSparse(proto: onnx.SparseTensorProto.$Properties, what: string, source: TensorSource): Tensor {
  const values = decodeTensor(proto.values ?? {}, `the values of ${what}`, source);
  const indices = decodeTensor(proto.indices ?? {}, `the indices of ${what}`, source);
  const dims = decodeDims(proto.dims ?? [], what, source);
  const elements = elementCount(dims, what, source);
  source.densify(elements, what);
  const { data } = values;
  if (!ArrayBuffer.isView(data) || !(indices.data instanceof BigInt64Array) || values.dims.length !== 1) {
    return malformed('is no sparse tensor of numbers');
  }
  const positions = indices.data;
  const coordinates = indices.dims.length === 2;
  const perValue = coordinates ? dims.length : 1;
  if (positions.length !== data.length * perValue) {
    malformed(`has ${data.length} values but ${positions.length / perValue} positions`);
  }

  const dense = new (data.constructor as new (length: number) => Float32Array)(elements);
  for (let i = 0; i < data.length; i++) {
    const position = coordinates ? linear(i) : Number(positions[i]);
    if (position < 0 || position >= elements) malformed(`has a value at position ${position} of ${elements}`);
    dense[position] = data[i] as number;
  }
  return { dtype: values.dtype, dims, data: dense };

  function linear(i: number): number {
    let position = 0;
    for (let axis = 0; axis < dims.length; axis++) {
      const coordinate = Number(positions[i * dims.length + axis]);
      if (coordinate < 0 || coordinate >= dims[axis]!) malformed(`has a coordinate ${coordinate} on axis ${axis}`);
      position = position * dims[axis]! + coordinate;
    }
    return position;
  }

  function malformed(problem: string): never {
    throw new ScanError('model-malformed', `${source.file}: ${what} ${problem}`);
  }
}
