import { allocate } from '../../../core/onnx/evaluate/cells.js';
import type { DType, Tensor } from '../../../core/onnx/graph.js';
import { sizeOf } from '../../../core/onnx/tensor.js';
import type { Tf, TfTensor } from './library.js';

/**
 * A value of a program: on the host, on the device, or on both.
 *
 * tfjs computes in float32 and int32. Truth values are float32 0 and 1 on the device, integers of every width are int32 and
 * must fit; wider integers, doubles and half floats stay on the host.
 */
export interface Value {
  readonly dtype: DType;
  readonly dims: readonly number[];
  host: Tensor | undefined;
  /** Its shape is any with as many elements: tfjs has at most six axes. */
  device: TfTensor | undefined;
}

const carriers: Partial<Record<DType, 'float32' | 'int32'>> = {
  float32: 'float32',
  bool: 'float32',
  int64: 'int32',
  int32: 'int32',
  int16: 'int32',
  int8: 'int32',
  uint16: 'int32',
  uint8: 'int32',
};

/** The element type on the device, undefined for values that cannot be there. */
export function carrierOf(dtype: DType): 'float32' | 'int32' | undefined {
  return carriers[dtype];
}

export function hostValue(tensor: Tensor): Value {
  return { dtype: tensor.dtype, dims: tensor.dims, host: tensor, device: undefined };
}

/** The value on the device, which it does not leave before `release`. A string is why it cannot be there. */
export function upload(tf: Tf, value: Value): TfTensor | string {
  if (value.device) return value.device;
  const { dtype, data, dims } = value.host!;
  const carrier = carrierOf(dtype);
  if (!carrier) return `tfjs has no ${dtype}`;
  const array = carrier === 'float32' ? floats(data as Float32Array) : integers(data as BigInt64Array | Int32Array);
  if (!array) return `the int64 values do not fit into the int32 of tfjs`;
  value.device = tf.keep(tf.tensor(array, deviceShape(dims), carrier));
  return value.device;
}

/** The value on the host; what is there shares no memory with the device. */
export function download(value: Value): Tensor {
  if (value.host) return value.host;
  const { dtype, dims } = value;
  const data = value.device!.dataSync();
  const { tensor, cells } = allocate(dtype, dims);
  if (dtype === 'int64') for (let i = 0; i < data.length; i++) cells[i] = BigInt(data[i]!);
  else (tensor.data as Float32Array).set(data);
  value.host = tensor;
  return tensor;
}

export function release(value: Value): void {
  value.device?.dispose();
  value.device = undefined;
}

/** The shape itself, or one axis where there are more than six. */
export function deviceShape(dims: readonly number[]): readonly number[] {
  return dims.length <= 6 ? dims : [sizeOf(dims)];
}

function floats(data: Float32Array | Uint8Array): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

function integers(data: BigInt64Array | Int32Array): Int32Array | undefined {
  if (data instanceof Int32Array) return data;
  if (!(data instanceof BigInt64Array)) return Int32Array.from(data);
  const array = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    array[i] = Number(data[i]);
    if (BigInt(array[i]!) !== data[i]) return undefined;
  }
  return array;
}
