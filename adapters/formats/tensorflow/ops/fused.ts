import type { Convert, OpContext } from '../context.js';
import { activations, prelu } from './activation.js';
import { conv2d, depthwiseConv2d } from './conv.js';
import { matMul } from './matmul.js';
import { batchNormalization, biasAdd, fusedBatchNorm } from './normalization.js';

/**
 * What graph optimisers join: a convolution or product, then the `fused_ops` in their order. Their operands follow the first
 * two inputs, in the same order.
 */
export function fused(base: (c: OpContext) => string): Convert {
  return (c) => {
    let next = 2;
    let value = base(c);
    for (const op of c.texts('fused_ops')) {
      if (op === 'BiasAdd') {
        value = biasAdd(c, value, c.input(next++));
      } else if (op === 'FusedBatchNorm') {
        value = batchNormalization(c, value, next);
        next += 4;
      } else if (op === 'Prelu') {
        value = prelu(c, value, c.input(next++));
      } else if (op === 'Add') {
        value = c.emit.op('Add', [value, c.input(next++)]);
      } else {
        const activate = Object.hasOwn(activations, op) ? activations[op] : undefined;
        if (!activate) return c.unsupported(`is fused with '${op}'`);
        value = activate(c, value);
      }
    }
    return value;
  };
}

export const fusedConv2d = fused(conv2d);
export const fusedDepthwise = fused(depthwiseConv2d);
export const fusedMatMul = fused(matMul);

/** _FusedBatchNormEx: with a value added and an activation. */
export const fusedBatchNormEx: Convert = (c) => {
  const [normalised] = fusedBatchNorm(c);
  const sided = c.int('num_side_inputs', 0) > 0 ? c.emit.op('Add', [normalised!, c.input(5)]) : normalised!;
  const mode = c.text('activation_mode', 'Identity');
  if (mode === 'Identity') return [sided];
  const activate = Object.hasOwn(activations, mode) ? activations[mode] : undefined;
  return activate ? [activate(c, sided)] : c.unsupported(`is fused with '${mode}'`);
};
