import { bounds, type Architecture } from '../architecture.js';
import { malformed, unsupported, type Config } from '../config.js';
import type { Net } from '../net.js';
import { swinBlock, type SwinNames } from '../swin-block.js';
import { halved, joinNeighbours, windowBiases, type Size, type Windows } from '../windows.js';
import { timmArgs } from './args.js';
import { jointProjection } from './joint-projection.js';

/** Of a published size of timm's Swin Transformer; `model_args` may change it. */
export interface SwinSize {
  readonly width: number;
  readonly depths: readonly number[];
  readonly heads: readonly number[];
  /** By stage. */
  readonly windows: readonly number[];
}

/** Source: timm/models/swin_transformer.py */
export function timmSwin(published: SwinSize): Architecture {
  return (config, start) => {
    const known = ['patch_size', 'embed_dim', 'depths', 'num_heads', 'window_size', 'mlp_ratio', 'qkv_bias'];
    const { args, classes, channels, size: image } = timmArgs(config, known, 'avg');
    const patch = args.int('patch_size', { ...bounds.patch, fallback: 4 });
    const depths = args.ints('depths', { ...bounds.layers, fallback: published.depths });
    const heads = args.ints('num_heads', { ...bounds.heads, fallback: published.heads, length: depths.length });
    const windows = windowSizes(args, depths.length, published.windows);
    const ratio = args.float('mlp_ratio', 4);
    const qkvBias = args.flag('qkv_bias', true);
    let width = args.int('embed_dim', { ...bounds.width, fallback: published.width });
    let size: Size = [Math.floor(image[0] / patch), Math.floor(image[1] / patch)];
    if (depths.length < 1 || depths.length > 16) throw malformed(args, 'depths has to hold 1 to 16 numbers');
    if (Math.min(...size) < 1) throw malformed(args, 'the image is smaller than the patch_size');

    const net = start([channels, ...image]);
    const shape = { from: channels, to: width, kernel: patch, stride: patch };
    const patches = net.conv('pixel_values', 'patch_embed.proj', shape);
    const biases = windowBiases(net, args.title);
    const flat = net.reshape(
      net.transpose(patches, [0, 2, 3, 1], 'patch_embed'),
      [-1, size[0] * size[1], width],
      'patch_embed',
    );
    let x = net.layerNorm(flat, 'patch_embed.norm', width, epsilon);
    depths.forEach((depth, stage) => {
      const path = `layers.${stage}`;
      if (stage > 0) {
        // timm rounds down when it decides on windows, and up when it joins.
        if (size.some((length) => length % 2 === 1)) {
          throw unsupported(
            `${args.title}: ${size.join(' x ')} tokens, an odd number, before stage ${stage} is not supported`,
          );
        }
        const joined = net.layerNorm(
          joinNeighbours(net, x, path, size, width),
          `${path}.downsample.norm`,
          4 * width,
          epsilon,
        );
        x = net.linear(joined, `${path}.downsample.reduction`, 4 * width, 2 * width, false);
        size = halved(size);
        width *= 2;
      }
      const own = heads[stage]!;
      if (width % own !== 0) throw malformed(args, `${width} channels are no multiple of ${own} heads`);
      const settings = {
        biases,
        width,
        heads: own,
        hidden: Math.trunc(ratio * width),
        epsilon,
        act: 'gelu',
        late: true,
      };
      biases.placements(windowsOf(size, windows[stage]!), depth, path).forEach((placement, i) => {
        const names = namesOf(net, `${path}.blocks.${i}`, width, qkvBias);
        x = swinBlock(net, x, names, placement, settings);
      });
    });
    const normed = net.layerNorm(x, 'norm', width, epsilon);
    const pooled = net.scale(net.emit.reduceSum(normed, [1]), 1 / (size[0] * size[1]), 'head.global_pool');
    const logits = net.head(pooled, 'head.fc', width, classes);
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

const epsilon = 1e-5;

/** One for all stages, one side for each, or two numbers, [height, width], for all. */
function windowSizes(args: Config, stages: number, published: readonly number[]): readonly Size[] {
  const limits = { max: 32 };
  const given = args.raw('window_size');
  const sides = Array.isArray(given)
    ? args.ints('window_size', limits)
    : given === undefined
      ? published
      : Array.from({ length: stages }, () => args.int('window_size', limits));
  if (Array.isArray(given) && sides.length === 2) return Array.from({ length: stages }, () => [sides[0]!, sides[1]!]);
  if (sides.length !== stages) throw malformed(args, `window_size and depths have to be as long as each other`);
  return sides.map((side) => [side, side]);
}

/** No larger than the image, and not moved along a side that they fill. */
function windowsOf(size: Size, window: Size): Windows {
  const fills = (axis: 0 | 1): boolean => size[axis] <= window[axis];
  const side = (axis: 0 | 1): number => Math.min(size[axis], window[axis]);
  const shift = (axis: 0 | 1): number => (fills(axis) ? 0 : Math.floor(window[axis] / 2));
  return { size, window: [side(0), side(1)], shift: [shift(0), shift(1)] };
}

function namesOf(net: Net, path: string, width: number, qkvBias: boolean): SwinNames {
  const attention = `${path}.attn`;
  return {
    path,
    before: `${path}.norm1`,
    attention,
    project: (x) => jointProjection(net, x, attention, width, qkvBias),
    output: `${attention}.proj`,
    after: `${path}.norm2`,
    inner: `${path}.mlp.fc1`,
    outer: `${path}.mlp.fc2`,
  };
}
