import { bounds, classesOf, type Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import { channelNorm, convNextBlock, type ConvNextNames } from '../convnext-block.js';

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
    throw malformed(config, `hidden_sizes and depths need ${stages} numbers each (num_stages)`);
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
    for (let i = 0; i < depths[stage]!; i++) {
      x = convNextBlock(net, x, namesOf(`${path}.layers.${i}`, to, root, scaled), { width: to, act });
    }
  });
  const pooled = net.layerNorm(net.globalAverage(x, `${root}.pooler`), `${root}.layernorm`, from, epsilon);
  const classes = classesOf(config);
  const logits = net.head(pooled, 'classifier', from, classes);
  return net.finish(logits, { name: root, classes, metadata: new Map() });
}

function namesOf(path: string, width: number, root: 'convnext' | 'convnextv2', scaled: boolean): ConvNextNames {
  return {
    path,
    depthwise: `${path}.dwconv`,
    norm: `${path}.layernorm`,
    inner: `${path}.pwconv1`,
    outer: `${path}.pwconv2`,
    ...(root === 'convnextv2' ? { response: { path: `${path}.grn`, dims: [1, 1, 1, 4 * width] } } : {}),
    ...(scaled ? { scale: `${path}.layer_scale_parameter` } : {}),
  };
}
