import type { Graph } from '../../../../core/onnx/graph.js';
import { bounds, classesOf, type Architecture, type Start } from '../architecture.js';
import { malformed, type Config } from '../config.js';
import type { Net } from '../net.js';
import { embed, meanOfPatches, onlySquare, selfAttention, token, transformerSizes } from './transformer.js';

/**
 * Transformers' Dinov2ForImageClassification: the first token and the mean of the others are classified.
 * Source: transformers/models/dinov2/modeling_dinov2.py
 */
export const dinov2: Architecture = (config, start) =>
  build(config, start, { root: 'dinov2', patch: 14, registers: 0 });

/** Transformers' Dinov2WithRegistersForImageClassification: more tokens, which the classifier does not read. */
export const dinov2WithRegisters: Architecture = (config, start) => {
  const registers = config.int('num_register_tokens', { min: 0, max: 1024, fallback: 4 });
  return build(config, start, { root: 'dinov2_with_registers', patch: 16, registers });
};

interface Variant {
  readonly root: string;
  readonly patch: number;
  readonly registers: number;
}

function build(config: Config, start: Start, { root, patch, registers }: Variant): Graph {
  const sizes = transformerSizes(config, { patch, epsilon: 1e-6 });
  const { channels, width, layers, epsilon, act, image, grid } = sizes;
  const hidden = Math.trunc(width * config.float('mlp_ratio', 4));
  const qkvBias = config.flag('qkv_bias', true);
  const gated = config.flag('use_swiglu_ffn', false);
  onlySquare(config, sizes);
  if (!(hidden >= 1 && hidden <= bounds.width.max)) {
    throw malformed(config, `mlp_ratio gives ${hidden} channels`);
  }

  const net = start([channels, ...image]);
  const shape = { biases: [qkvBias, qkvBias, qkvBias] } as const;
  const at = `${root}.embeddings`;
  let x = embed(net, at, sizes, ['cls_token']);
  if (registers > 0) {
    const more = net.perImage(`${at}.register_tokens`, [registers, width], x, at);
    x = net.concat([net.slice(x, 1, 0, 1, at), more, net.slice(x, 1, 1, 1 + grid[0] * grid[1], at)], 1, at);
  }
  for (let i = 0; i < layers; i++) {
    const path = `${root}.encoder.layer.${i}`;
    const scaled = (y: string, layer: string): string =>
      net.mul(y, net.weights.take(`${path}.${layer}.lambda1`, [width]), `${path}.${layer}`);
    const before = net.layerNorm(x, `${path}.norm1`, width, epsilon);
    x = net.add(scaled(selfAttention(net, before, `${path}.attention`, sizes, shape), 'layer_scale1'), x, path);
    const after = net.layerNorm(x, `${path}.norm2`, width, epsilon);
    const mlp = `${path}.mlp`;
    const dense = gated ? swiGlu(net, after, mlp, width, hidden) : plain(net, after, mlp, width, hidden, act);
    x = net.add(scaled(dense, 'layer_scale2'), x, path);
  }
  const normed = net.layerNorm(x, `${root}.layernorm`, width, epsilon);
  const parts = [
    token(net, normed, 0, width, 'classifier'),
    meanOfPatches(net, normed, sizes, 'classifier', 1 + registers),
  ];
  const classes = classesOf(config);
  const logits = net.head(net.concat(parts, 1, 'classifier'), 'classifier', 2 * width, classes);
  return net.finish(logits, { name: root, classes, metadata: new Map() });
}

function plain(net: Net, x: string, path: string, width: number, hidden: number, act: string): string {
  const inner = net.activation(net.linear(x, `${path}.fc1`, width, hidden), path, act);
  return net.linear(inner, `${path}.fc2`, hidden, width);
}

/** silu(gate) * value, both from one layer, with two thirds of the channels, rounded up to a multiple of 8. */
function swiGlu(net: Net, x: string, path: string, width: number, hidden: number): string {
  const inner = Math.floor((Math.trunc((hidden * 2) / 3) + 7) / 8) * 8;
  const both = net.linear(x, `${path}.weights_in`, width, 2 * inner);
  const gate = net.activation(net.slice(both, 2, 0, inner, path), path, 'silu');
  const product = net.mul(gate, net.slice(both, 2, inner, 2 * inner, path), path);
  return net.linear(product, `${path}.weights_out`, inner, width);
}
