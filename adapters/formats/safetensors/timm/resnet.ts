import { ScanError } from '../../../../core/scan/errors.js';
import { bounds, type Architecture } from '../architecture.js';
import { convNorm, type ConvNormShape } from '../conv-norm.js';
import type { Net } from '../net.js';
import { timmArgs } from './args.js';

/**
 * timm's plain ResNets, which are torchvision's. Images of any size.
 * Source: timm/models/resnet.py
 */
export function timmResnet(kind: 'basic' | 'bottleneck', published: readonly number[]): Architecture {
  return (config, start) => {
    const { args, classes, channels } = timmArgs(config, ['layers', 'channels'], 'avg');
    const layers = args.ints('layers', { ...bounds.layers, fallback: published });
    const widths = args.ints('channels', { ...bounds.width, fallback: [64, 128, 256, 512] });
    if (layers.length !== widths.length || layers.length === 0) {
      throw new ScanError('model-malformed', `${args.title}: layers and channels have to be as long as each other`);
    }
    const net = start([channels, 'height', 'width']);
    let x = convNorm(net, 'pixel_values', ['conv1', 'bn1'], { from: channels, to: stem, kernel: 7, stride: 2 });
    x = net.maxPool(net.activation(x, 'act1', 'relu'), 'maxpool', { kernel: 3, stride: 2, padding: 1 });
    let from = stem;
    widths.forEach((width, stage) => {
      for (let i = 0; i < layers[stage]!; i++) {
        const stride = i === 0 && stage > 0 ? 2 : 1;
        x = block(net, x, `layer${stage + 1}.${i}`, { kind, from, width, stride });
        from = width * expansion[kind];
      }
    });
    const logits = net.head(net.globalAverage(x, 'global_pool'), 'fc', from, classes);
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

const stem = 64;
const expansion = { basic: 1, bottleneck: 4 };

interface Block {
  readonly kind: 'basic' | 'bottleneck';
  readonly from: number;
  readonly width: number;
  readonly stride: number;
}

function block(net: Net, x: string, path: string, { kind, from, width, stride }: Block): string {
  const to = width * expansion[kind];
  const shapes: readonly ConvNormShape[] =
    kind === 'basic'
      ? [
          { from, to, kernel: 3, stride },
          { from: to, to, kernel: 3, stride: 1 },
        ]
      : [
          { from, to: width, kernel: 1, stride: 1 },
          { from: width, to: width, kernel: 3, stride },
          { from: width, to, kernel: 1, stride: 1 },
        ];
  const deep = shapes.reduce((y, shape, i) => {
    const active = i === 0 ? y : net.activation(y, `${path}.act${i}`, 'relu');
    return convNorm(net, active, [`${path}.conv${i + 1}`, `${path}.bn${i + 1}`], shape);
  }, x);
  const paths = [`${path}.downsample.0`, `${path}.downsample.1`] as const;
  const short = from === to && stride === 1 ? x : convNorm(net, x, paths, { from, to, kernel: 1, stride });
  return net.activation(net.add(deep, short, path), path, 'relu');
}
