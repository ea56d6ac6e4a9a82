import { float32 } from '../../../../core/onnx/tensor.js';
import { known, type LayerCall, type LayerRule } from '../layer.js';
import { resize } from '../layers/image.js';
import { isWhole } from '../settings.js';
import { first, parameter } from './operands.js';

/** To a height and width. */
export function resized(call: LayerCall, method: unknown): ReturnType<LayerRule> {
  for (const key of ['crop_to_aspect_ratio', 'pad_to_aspect_ratio', 'antialias'])
    if (parameter(call, key) === true) return call.refuse(`resizes with ${key}`);
  const size = parameter(call, 'size', 1);
  if (
    !Array.isArray(size) ||
    size.length !== 2 ||
    !size.every((each) => isWhole(each) && each > 0) ||
    typeof method !== 'string'
  )
    return call.refuse('resizes in a way that is not supported');
  return resize(call, first(call), size as number[], method);
}

/** The brightness of red, green and blue together, by the weights of tf.image.rgb_to_grayscale. */
export const grey: LayerRule = (call) => {
  const x = first(call);
  const last = x.dims.length - 1;
  if (known(call, x.dims, last) !== 3 || (parameter(call, 'data_format') ?? 'channels_last') !== 'channels_last')
    return call.refuse('takes what are no three colours in the last axis');
  return call.build.op(
    'MatMul',
    [x, call.build.constant(float32([3, 1], [0.2989, 0.587, 0.114]))],
    x.dims.with(last, 1),
  );
};
