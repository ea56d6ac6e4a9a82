import { scalar } from '../../../../core/onnx/tensor.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { bounds, classesOf, type Architecture } from '../architecture.js';
import type { Net } from '../net.js';

/** Transformers' ConvNextForImageClassification. Source: transformers/models/convnext/modeling_convnext.py */
export const convNext: Architecture = (config, start) => build(config, start, 'convnext');

/** Transformers' ConvNextV2ForImageClassification: a global response norm instead of the layer scale. */
export const convNextV2: Architecture = (config, start) => build(config, start, 'convnextv2');

function build(
  config: Parameters<Architecture>[0],
  start: Parameters<Architecture>[1],
  root: 'convnext' | 'convnextv2',
): ReturnType<Architecture> {
  const channels = config.int('num_channels', bounds.channels);
  const widths = config.ints('hidden_sizes', { ...bounds.width, fallback: [96, 192, 384, 768] });
  const depths = config.ints('depths', { ...bounds.layers, fallback: [3, 3, 9, 3] });
  const stages = config.int('num_stages', { max: 64, fallback: widths.length });
  const patch = config.pair('patch_size', { ...bounds.patch, fallback: 4 });
  const [height, breadth] = config.pair('image_size', bounds.image);
  const act = config.string('hidden_act', 'gelu');
  const epsilon = config.float('layer_norm_eps', 1e-12);
  const scaled = root === 'convnext' && config.float('layer_scale_init_value', 1e-6) > 0;
  if (widths.length !== stages || depths.length !== stages) {
    throw new ScanError(
      'model-malformed',
      `${config.title}: hidden_sizes and depths need ${stages} numbers each (num_stages)`,
    );
  }

  const net = start([channels, height, breadth]);
  const embeddings = `${root}.embeddings`;
  let from = widths[0]!;
  let x = net.conv('pixel_values', `${embeddings}.patch_embeddings`, {
    from: channels,
    to: from,
    kernel: patch,
    stride: patch,
  });
  x = channelNorm(net, x, `${embeddings}.layernorm`, from);
  widths.forEach((to, stage) => {
    const path = `${root}.encoder.stages.${stage}`;
    if (stage > 0) {
      const normed = channelNorm(net, x, `${path}.downsampling_layer.0`, from);
      x = net.conv(normed, `${path}.downsampling_layer.1`, { from, to, kernel: 2, stride: 2 });
    }
    from = to;
    for (let i = 0; i < depths[stage]!; i++) x = layer(net, x, `${path}.layers.${i}`, to, act, root, scaled);
  });
  const pooled = net.layerNorm(net.globalAverage(x, `${root}.pooler`), `${root}.layernorm`, from, epsilon);
  const classes = classesOf(config);
  const logits = net.head(pooled, 'classifier', from, classes);
  return net.finish(logits, { name: root, classes, metadata: new Map() });
}

const normEpsilon = 1e-6;

function layer(
  net: Net,
  x: string,
  path: string,
  width: number,
  act: string,
  root: 'convnext' | 'convnextv2',
  scaled: boolean,
): string {
  const shape = { from: width, to: width, kernel: 7, padding: 3, groups: width };
  const last = net.transpose(net.conv(x, `${path}.dwconv`, shape), [0, 2, 3, 1], path);
  const normed = net.layerNorm(last, `${path}.layernorm`, width, normEpsilon);
  const inner = net.activation(net.linear(normed, `${path}.pwconv1`, width, 4 * width), path, act);
  const balanced = root === 'convnextv2' ? responseNorm(net, inner, `${path}.grn`, 4 * width) : inner;
  let y = net.linear(balanced, `${path}.pwconv2`, 4 * width, width);
  if (scaled) y = net.mul(y, net.weights.take(`${path}.layer_scale_parameter`, [width]), path);
  return net.add(x, net.transpose(y, [0, 3, 1, 2], path), path);
}

/** Over the channels of [N, C, H, W]. */
function channelNorm(net: Net, x: string, path: string, width: number): string {
  const normed = net.layerNorm(net.transpose(x, [0, 2, 3, 1], path), path, width, normEpsilon);
  return net.transpose(normed, [0, 3, 1, 2], path);
}

/** weight * x * g / (mean(g) + 1e-6) + bias + x, with g the L2 norm of each channel over [N, H, W, C]'s pixels. */
function responseNorm(net: Net, x: string, path: string, width: number): string {
  const { emit } = net;
  const squares = net.mul(x, x, path);
  emit.scope(path);
  const norm = net.op(path, 'Sqrt', [emit.reduceSum(squares, [1, 2], true)]);
  const mean = net.scale(emit.reduceSum(norm, [3], true), 1 / width, path);
  const share = net.op(path, 'Div', [norm, net.add(mean, emit.constant(scalar(1e-6)), path)]);
  const [weight, bias] = ['weight', 'bias'].map((part) => net.weights.take(`${path}.${part}`, [1, 1, 1, width])) as [
    string,
    string,
  ];
  return net.add(net.add(net.mul(weight, net.mul(x, share, path), path), bias, path), x, path);
}
