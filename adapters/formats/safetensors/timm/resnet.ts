import { bounds, type Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import { convNorm, type ConvNormShape } from '../conv-norm.js';
import type { Net } from '../net.js';
import { timmArgs } from './args.js';

/** Of a published ResNet or ResNeXt of timm; `model_args` may change layers, channels and stem_width. */
export interface ResnetSize {
  readonly kind: 'basic' | 'bottleneck';
  readonly layers: readonly number[];
  /** Three 3x3 convolutions instead of one 7x7; tiered, the first one has three quarters of the width. */
  readonly stem?: 'deep' | 'tiered';
  readonly stemWidth?: number;
  /** Shortcuts halve an image by averaging, not by the stride of their convolution: ResNet-D. */
  readonly averages?: boolean;
  /** Groups of the 3x3 convolution of a bottleneck: ResNeXt. */
  readonly groups?: number;
  /** Channels of such a convolution, by group, where the block has 64. */
  readonly base?: number;
}

/** Images of any size. Source: timm/models/resnet.py */
export function timmResnet(published: ResnetSize): Architecture {
  return (config, start) => {
    const known = ['layers', 'channels', ...(published.stem ? ['stem_width'] : [])];
    const { args, classes, channels } = timmArgs(config, known, 'avg');
    const layers = args.ints('layers', { ...bounds.layers, fallback: published.layers });
    const widths = args.ints('channels', { ...bounds.width, fallback: [64, 128, 256, 512] });
    const stemWidth = args.int('stem_width', { ...bounds.width, fallback: published.stemWidth ?? 64 });
    if (layers.length !== widths.length || layers.length === 0) {
      throw malformed(args, 'layers and channels have to be as long as each other');
    }
    const net = start([channels, 'height', 'width']);
    let from = published.stem ? 2 * stemWidth : 64;
    let x = published.stem
      ? deepStem(net, channels, published.stem === 'tiered' ? 3 * Math.floor(stemWidth / 4) : stemWidth, stemWidth)
      : convNorm(net, 'pixel_values', ['conv1', 'bn1'], { from: channels, to: from, kernel: 7, stride: 2 });
    x = net.maxPool(net.activation(x, 'act1', 'relu'), 'maxpool', { kernel: 3, stride: 2, padding: 1 });
    widths.forEach((width, stage) => {
      for (let i = 0; i < layers[stage]!; i++) {
        const stride = i === 0 && stage > 0 ? 2 : 1;
        x = block(net, x, `layer${stage + 1}.${i}`, { from, width, stride }, published);
        from = width * expansion[published.kind];
      }
    });
    const logits = net.head(net.globalAverage(x, 'global_pool'), 'fc', from, classes);
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

const expansion = { basic: 1, bottleneck: 4 };

function deepStem(net: Net, channels: number, first: number, width: number): string {
  const act = 'relu';
  const shape = { from: channels, to: first, kernel: 3, stride: 2, act };
  let x = convNorm(net, 'pixel_values', ['conv1.0', 'conv1.1'], shape);
  x = convNorm(net, x, ['conv1.3', 'conv1.4'], { from: first, to: width, kernel: 3, act });
  return convNorm(net, x, ['conv1.6', 'bn1'], { from: width, to: 2 * width, kernel: 3 });
}

interface Block {
  readonly from: number;
  readonly width: number;
  readonly stride: number;
}

function block(net: Net, x: string, path: string, size: Block, { kind, averages, groups, base }: ResnetSize): string {
  const { from, width, stride } = size;
  const to = width * expansion[kind];
  const inner = Math.floor(width * ((base ?? 64) / 64)) * (groups ?? 1);
  const shapes: readonly ConvNormShape[] =
    kind === 'basic'
      ? [
          { from, to, kernel: 3, stride },
          { from: to, to, kernel: 3, stride: 1 },
        ]
      : [
          { from, to: inner, kernel: 1, stride: 1 },
          { from: inner, to: inner, kernel: 3, stride, groups: groups ?? 1 },
          { from: inner, to, kernel: 1, stride: 1 },
        ];
  const deep = shapes.reduce((y, shape, i) => {
    const active = i === 0 ? y : net.activation(y, `${path}.act${i}`, 'relu');
    return convNorm(net, active, [`${path}.conv${i + 1}`, `${path}.bn${i + 1}`], shape);
  }, x);
  const short =
    from === to && stride === 1 ? x : shortcut(net, x, `${path}.downsample`, { from, to, stride, averages });
  return net.activation(net.add(deep, short, path), path, 'relu');
}

interface Shortcut {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly averages: boolean | undefined;
}

function shortcut(net: Net, x: string, path: string, { from, to, stride, averages = false }: Shortcut): string {
  if (!averages) return convNorm(net, x, [`${path}.0`, `${path}.1`], { from, to, kernel: 1, stride });
  const window = { kernel: 2, stride, ceil: true, countPadding: false };
  const halved = stride === 1 ? x : net.averagePool(x, `${path}.0`, window);
  return convNorm(net, halved, [`${path}.1`, `${path}.2`], { from, to, kernel: 1 });
}
