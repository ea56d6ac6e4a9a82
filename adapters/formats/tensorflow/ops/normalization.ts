import { scalar } from '../../../../core/onnx/tensor.js';
import type { OpContext } from '../context.js';
import { channelsLast, inChannelsFirst } from './layout.js';

/** FusedBatchNorm(x, scale, offset, mean, variance), V1 to V3. Only the first output exists in inference. */
export function fusedBatchNorm(c: OpContext): readonly string[] {
  return [c.bool('is_training', true) ? standardised(c) : batchNormalization(c, c.input(0), 1)];
}

/** @param first input with the scale; offset, mean and variance follow. */
export function batchNormalization(c: OpContext, value: string, first: number): string {
  const operands = [c.input(first), c.input(first + 1), c.input(first + 2), c.input(first + 3)];
  const epsilon = { float: c.float('epsilon', 1e-4) };
  return inChannelsFirst(c, value, (x) => c.emit.op('BatchNormalization', [x, ...operands], { epsilon }));
}

/**
 * Training mode takes mean and variance from the values themselves. tf_keras computes a layer normalisation so, on one "image"
 * whose channels are the batch; with more images than one, every image's result would depend on the others.
 */
function standardised(c: OpContext): string {
  const x = c.input(0);
  if (c.typeOf(x)?.dims[0] !== 1) {
    c.unsupported(
      "is in training mode, so an image's result depends on the other images; export the model in inference mode",
    );
  }
  const last = channelsLast(c);
  const { emit } = c;
  const axes = c.vector(...(last ? [0, 1, 2] : [0, 2, 3]));
  const centred = emit.op('Sub', [x, emit.op('ReduceMean', [x, axes], { keepdims: 1 })]);
  const variance = emit.op('ReduceMean', [emit.op('Mul', [centred, centred]), axes], { keepdims: 1 });
  const deviation = emit.op('Sqrt', [emit.op('Add', [variance, emit.constant(scalar(c.float('epsilon', 1e-4)))])]);
  const perChannel = (index: number): string =>
    last ? c.input(index) : emit.op('Unsqueeze', [c.input(index), c.vector(1, 2)]);
  // Scale and offset of ones and zeros, one per image, are made from the batch size: they do nothing.
  const scaled = emit.op('Mul', [emit.op('Div', [centred, deviation]), perChannel(1)]);
  return emit.op('Add', [scaled, perChannel(2)]);
}

/** LRN over the last axis: x / (bias + alpha * sum of squares over 2 * radius + 1 channels) ^ beta; ONNX divides alpha by the size. */
export function lrn(c: OpContext): string {
  const size = 2 * c.int('depth_radius', 5) + 1;
  return c.emit.transpose(
    c.emit.op('LRN', [c.emit.transpose(c.input(0), [0, 3, 1, 2])], {
      size,
      alpha: { float: c.float('alpha', 1) * size },
      beta: { float: c.float('beta', 0.5) },
      bias: { float: c.float('bias', 1) },
    }),
    [0, 2, 3, 1],
  );
}

/** BiasAdd: one value per channel. */
export function biasAdd(c: OpContext, value = c.input(0), bias = c.input(1)): string {
  const rank = c.typeOf(value)?.dims.length ?? 4;
  const spread = channelsLast(c)
    ? bias
    : c.emit.op('Unsqueeze', [bias, c.vector(...Array.from({ length: Math.max(0, rank - 2) }, (_, i) => i + 1))]);
  return c.emit.op('Add', [value, spread]);
}
