import { bounds, type Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import { convNorm } from '../conv-norm.js';
import type { Net } from '../net.js';
import { timmArgs } from './args.js';

/** Of a published size of timm's DenseNet; `model_args` may change it. */
export interface DenseNetSize {
  readonly growth: number;
  readonly blocks: readonly number[];
}

/** Each layer adds a few channels to all that came before. Images of any size. Source: timm/models/densenet.py */
export function timmDenseNet(published: DenseNetSize): Architecture {
  return (config, start) => {
    const { args, classes, channels } = timmArgs(config, ['growth_rate', 'block_config', 'bn_size'], 'avg');
    const growth = args.int('growth_rate', { ...bounds.width, fallback: published.growth });
    const blocks = args.ints('block_config', { ...bounds.layers, fallback: published.blocks });
    const inner = growth * args.int('bn_size', { max: 64, fallback: 4 });
    if (blocks.length < 1) throw malformed(args, 'block_config is empty');

    const net = start([channels, 'height', 'width']);
    let width = 2 * growth;
    const shape = { from: channels, to: width, kernel: 7, stride: 2, act };
    let x = convNorm(net, 'pixel_values', ['features.conv0', 'features.norm0'], shape);
    x = net.maxPool(x, 'features.pool0', { kernel: 3, stride: 2, padding: 1 });
    blocks.forEach((layers, i) => {
      const path = `features.denseblock${i + 1}`;
      for (let layer = 1; layer <= layers; layer++) {
        x = net.concat([x, dense(net, x, `${path}.denselayer${layer}`, { from: width, inner, to: growth })], 1, path);
        width += growth;
      }
      if (i === blocks.length - 1) return;
      const at = `features.transition${i + 1}`;
      const to = Math.floor(width / 2);
      x = net.conv(active(net, x, `${at}.norm`, width), `${at}.conv`, { from: width, to, kernel: 1, bias: false });
      x = net.averagePool(x, `${at}.pool`, { kernel: 2, stride: 2 });
      width = to;
    });
    const pooled = net.globalAverage(active(net, x, 'features.norm5', width), 'global_pool');
    const logits = net.head(pooled, 'classifier', width, classes);
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

const act = 'relu';

interface Dense {
  readonly from: number;
  readonly inner: number;
  readonly to: number;
}

function dense(net: Net, x: string, path: string, { from, inner, to }: Dense): string {
  const narrow = { from, to: inner, kernel: 1, act };
  const y = convNorm(net, active(net, x, `${path}.norm1`, from), [`${path}.conv1`, `${path}.norm2`], narrow);
  return net.conv(y, `${path}.conv2`, { from: inner, to, kernel: 3, padding: 1, bias: false });
}

function active(net: Net, x: string, path: string, width: number): string {
  return net.activation(net.batchNorm(x, path, width), path, act);
}
