import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { DType, Tensor, TensorData } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { Onnxruntime } from './provider.js';

/** Element types have the same names on both sides; these have no counterpart or another meaning there. */
const ortTypes: ReadonlySet<string> = new Set<Exclude<DType, 'bfloat16'>>([
  'float32',
  'float64',
  'float16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint64',
  'uint32',
  'uint16',
  'uint8',
  'bool',
  'string',
]);

/** The tensor shares its memory with the result. */
export function toOrtTensor(library: Onnxruntime, name: string, tensor: Tensor): OrtTensor {
  if (!ortTypes.has(tensor.dtype)) throw unsupportedType(name, tensor.dtype);
  const type = tensor.dtype as OrtTensor.Type;
  const created = new library.Tensor(type, tensor.data, tensor.dims);
  // Where JavaScript has a Float16Array the library turns half floats into one, which its native part cannot read.
  if (type === 'float16') Object.defineProperty(created, 'data', { value: tensor.data });
  return created;
}

/** The result shares its memory with the tensor. */
export function fromOrtTensor(name: string, tensor: OrtTensor | undefined): Tensor {
  if (!tensor) throw new ScanError('engine-failed', `onnxruntime returned no value for output '${name}'`);
  if (!ortTypes.has(tensor.type)) throw unsupportedType(name, tensor.type);
  return { dtype: tensor.type as DType, dims: [...tensor.dims], data: rawData(tensor) };
}

/** Where JavaScript has a Float16Array, half floats arrive in one; the core keeps their bits. */
function rawData(tensor: OrtTensor): TensorData {
  const data = tensor.data as TensorData;
  if (tensor.type !== 'float16' || data instanceof Uint16Array) return data;
  const view = data as unknown as ArrayBufferView;
  return new Uint16Array(view.buffer, view.byteOffset, view.byteLength / 2);
}

function unsupportedType(name: string, type: string): ScanError {
  return new ScanError('engine-failed', `onnxruntime takes no tensor of type ${type} for '${name}'`);
}
