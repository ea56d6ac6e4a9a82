import { bounds, classesOf, type Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import { convolutionNorm, type ConvNormShape } from '../conv-norm.js';

/** Transformers' MobileNetV1ForImageClassification. Source: transformers/models/mobilenet_v1/modeling_mobilenet_v1.py */
export const mobileNetV1: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const [height, width] = config.pair('image_size', bounds.image);
  const multiplier = config.float('depth_multiplier', 1);
  const least = config.int('min_depth', { max: 1024, fallback: 8 });
  const act = config.string('hidden_act', 'relu6');
  const epsilon = config.float('layer_norm_eps', 0.001);
  const same = config.flag('tf_padding', true);
  if (!(multiplier > 0 && multiplier <= 64)) {
    throw malformed(config, 'depth_multiplier has to be from 0 to 64');
  }
  const widthOf = (depth: number): number => Math.max(Math.trunc(depth * multiplier), least);

  const net = start([channels, height, width]);
  const layer = (x: string, path: string, shape: ConvNormShape): string =>
    convolutionNorm(net, x, path, { ...shape, epsilon, act, ...(same ? { padding: 'same' } : {}) });
  let depth = 32;
  let from = widthOf(depth);
  let x = layer('pixel_values', 'mobilenet_v1.conv_stem', { from: channels, to: from, kernel: 3, stride: 2 });
  strides.forEach((stride, i) => {
    if (stride === 2 || i === 0) depth *= 2;
    const to = widthOf(depth);
    const path = `mobilenet_v1.layer`;
    x = layer(x, `${path}.${2 * i}`, { from, to: from, kernel: 3, stride, groups: from });
    x = layer(x, `${path}.${2 * i + 1}`, { from, to, kernel: 1 });
    from = to;
  });
  const classes = classesOf(config);
  const logits = net.head(net.globalAverage(x, 'mobilenet_v1.pooler'), 'classifier', from, classes);
  return net.finish(logits, { name: 'mobilenet_v1', classes, metadata: new Map() });
};

const strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];
