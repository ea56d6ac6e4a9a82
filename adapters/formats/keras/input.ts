import type { DType, ValueInfo } from '../../../core/onnx/graph.js';
import type { Build, Dims, Value } from './build.js';
import type { Refusals } from './errors.js';
import type { KerasLayer } from './model.js';
import { isWhole } from './settings.js';

/** An input of the whole model; integer images are made float32 as Keras' layers do it. */
export function graphInput(
  { name, className, settings }: KerasLayer,
  build: Build,
  refuse: Refusals,
): { info: ValueInfo; value: Value } {
  if (className !== 'InputLayer') return refuse.malformed(`the input '${name}' is no InputLayer but a ${className}`);
  if (settings.raw('sparse') === true || settings.raw('ragged') === true)
    return refuse.unsupported(`the input '${name}' is sparse or ragged`);
  const shape = settings.raw('batch_shape') ?? settings.raw('batch_input_shape');
  if (!Array.isArray(shape) || shape.length === 0)
    return refuse.unsupported(
      `the model does not tell the shape of its input '${name}'; build it with an Input(shape=...) layer and save it again`,
    );
  const dims: Dims = shape.map((dim: unknown, axis) => {
    if (dim === null || axis === 0) return null;
    return isWhole(dim) && dim > 0 ? dim : refuse.malformed(`the input '${name}' has the shape [${shape.join(', ')}]`);
  });
  const given = settings.raw('dtype') ?? 'float32';
  const dtype = typeof given === 'string' && Object.hasOwn(dtypes, given) ? dtypes[given]! : undefined;
  if (!dtype) return refuse.unsupported(`the input '${name}' takes values of a type that no image has`);
  const info: ValueInfo = { name, dtype, dims: dims.map((dim, axis) => dim ?? (axis === 0 ? 'N' : null)) };
  const value = { name, dims };
  build.scope(name);
  // FLOAT of TensorProto.DataType.
  return { info, value: dtype === 'float32' ? value : build.unary('Cast', value, { to: 1 }) };
}

/** Half precision is computed in float32. */
const dtypes: Readonly<Record<string, DType>> = {
  float32: 'float32',
  float16: 'float32',
  bfloat16: 'float32',
  float64: 'float32',
  uint8: 'uint8',
  int8: 'int8',
  uint16: 'uint16',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
};
