import { intOf } from '../attributes.js';
import { axisIn, input } from './call.js';
import type { ShapeRule } from './call.js';
import { elementType } from './logic.js';
import { table } from './math.js';

/** In inference one output. In training the running mean and variance follow, before opset 14 also the saved ones. */
export const batchNormalization: ShapeRule = (call) => {
  const [data, mean, variance] = [input(call, 0), input(call, 3), input(call, 4)];
  return [data, mean, variance, mean, variance];
};

/** Mean and inverse standard deviation are optional outputs, of the element type computed in (`stash_type`). */
export const layerNormalization: ShapeRule = (call) => {
  const data = input(call, 0);
  const axis = axisIn(call, intOf(call.node, 'axis', -1), data.dims.length);
  const statistics = {
    dtype: elementType(call, 'stash_type', 'float32'),
    dims: data.dims.map((dim, a) => (a < axis ? dim : 1)),
  };
  return [data, statistics, statistics];
};

/** com.microsoft: input + skip (+ bias) is normalised over the last axis; the sum is the fourth output. */
export const skipLayerNormalization: ShapeRule = (call) => {
  const data = input(call, 0);
  const statistics = { dtype: 'float32', dims: data.dims.with(-1, 1) } as const;
  return [data, statistics, statistics, data];
};

export const normShapes: Readonly<Record<string, ShapeRule>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  ...table(['InstanceNormalization GroupNormalization RMSNormalization'], (call) => [input(call, 0)]),
};
