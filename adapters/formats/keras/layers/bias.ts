import type { Tensor } from '../../../../core/onnx/graph.js';
import { float32 } from '../../../../core/onnx/tensor.js';
import type { Value } from '../build.js';
import { expectShape, type LayerCall } from '../layer.js';

/** The name of the bias where the layer has one. */
export function biasOf(call: LayerCall): string[] {
  return call.settings.flag('use_bias', true) ? ['bias'] : [];
}

export function biasValue(call: LayerCall, bias: Tensor | undefined, size: number): Value | undefined {
  if (!bias) return undefined;
  expectShape(call, bias, 'bias', [size]);
  return call.once('bias', () => float32([size], bias.data as Float32Array));
}

export function axes(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => i);
}
