import { bounds, classesOf, type Architecture } from '../architecture.js';
import { attention } from '../attention.js';
import { malformed } from '../config.js';
import type { Net } from '../net.js';

/**
 * Transformers' SegformerForImageClassification: a Mix Transformer. Images of any size: it has no positions.
 * Source: transformers/models/segformer/modeling_segformer.py
 */
export const segformer: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const stages = config.int('num_encoder_blocks', { max: 16, fallback: 4 });
  const perStage = (key: string, max: number, fallback: readonly number[]): number[] =>
    config.ints(key, { max, fallback, length: stages });
  const depths = perStage('depths', bounds.layers.max, [2, 2, 2, 2]);
  const widths = perStage('hidden_sizes', bounds.width.max, [32, 64, 160, 256]);
  const heads = perStage('num_attention_heads', bounds.heads.max, [1, 2, 5, 8]);
  const patches = perStage('patch_sizes', bounds.patch.max, [7, 3, 3, 3]);
  const strides = perStage('strides', bounds.patch.max, [4, 2, 2, 2]);
  const reductions = perStage('sr_ratios', bounds.patch.max, [8, 4, 2, 1]);
  const ratios = perStage('mlp_ratios', 1024, [4, 4, 4, 4]);
  const act = config.string('hidden_act', 'gelu');

  const net = start([channels, 'height', 'width']);
  let from = channels;
  let x = 'pixel_values';
  for (let stage = 0; stage < stages; stage++) {
    const [width, kernel] = [widths[stage]!, patches[stage]!];
    if (width % heads[stage]! !== 0)
      throw malformed(config, `${width} channels are no multiple of ${heads[stage]!} heads`);
    const path = `segformer.encoder.patch_embeddings.${stage}`;
    const shape = { from, to: width, kernel, stride: strides[stage]!, padding: Math.floor(kernel / 2) };
    let y = net.layerNorm(
      pixelsLast(net, net.conv(x, `${path}.proj`, shape), path),
      `${path}.layer_norm`,
      width,
      epsilon,
    );
    const settings = {
      width,
      heads: heads[stage]!,
      hidden: width * ratios[stage]!,
      reduction: reductions[stage]!,
      act,
    };
    for (let i = 0; i < depths[stage]!; i++) y = block(net, y, `segformer.encoder.block.${stage}.${i}`, settings);
    x = channelsFirst(net, net.layerNorm(y, `segformer.encoder.layer_norm.${stage}`, width, epsilon), path);
    from = width;
  }
  const classes = classesOf(config);
  const logits = net.head(net.globalAverage(x, 'segformer'), 'classifier', from, classes);
  return net.finish(logits, { name: 'segformer', classes, metadata: new Map() });
};

/** PyTorch's, whatever the config says. */
const epsilon = 1e-5;

interface Block {
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
  /** Keys and values are those of an image smaller by this. */
  readonly reduction: number;
  readonly act: string;
}

/** From and to [N, H, W, C]. */
function block(net: Net, x: string, path: string, { width, heads, hidden, reduction, act }: Block): string {
  const before = net.layerNorm(x, `${path}.layer_norm_1`, width, epsilon);
  const at = `${path}.attention.self`;
  let context = before;
  if (reduction > 1) {
    const shape = { from: width, to: width, kernel: reduction, stride: reduction };
    const small = net.conv(channelsFirst(net, before, at), `${at}.sr`, shape);
    context = net.layerNorm(pixelsLast(net, small, at), `${at}.layer_norm`, width, epsilon);
  }
  const flat = (y: string, part: string): string =>
    net.reshape(net.linear(y, `${at}.${part}`, width, width), [0, -1, width], at);
  const qkv = [flat(before, 'query'), flat(context, 'key'), flat(context, 'value')] as const;
  const mixed = attention(net, qkv, at, { channels: width, heads });
  const image = net.op(at, 'Reshape', [mixed, net.op(at, 'Shape', [x])]);
  const sum = net.add(net.linear(image, `${path}.attention.output.dense`, width, width), x, path);

  const after = net.layerNorm(sum, `${path}.layer_norm_2`, width, epsilon);
  const mlp = `${path}.mlp`;
  const inner = channelsFirst(net, net.linear(after, `${mlp}.dense1`, width, hidden), mlp);
  const depthwise = { from: hidden, to: hidden, kernel: 3, padding: 1, groups: hidden };
  const mingled = pixelsLast(net, net.conv(inner, `${mlp}.dwconv.dwconv`, depthwise), mlp);
  return net.add(net.linear(net.activation(mingled, mlp, act), `${mlp}.dense2`, hidden, width), sum, path);
}

function pixelsLast(net: Net, x: string, path: string): string {
  return net.transpose(x, [0, 2, 3, 1], path);
}

function channelsFirst(net: Net, x: string, path: string): string {
  return net.transpose(x, [0, 3, 1, 2], path);
}
