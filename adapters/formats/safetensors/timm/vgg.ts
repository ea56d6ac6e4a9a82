import { bounds, type Architecture } from '../architecture.js';
import { unsupported } from '../config.js';
import { timmArgs } from './args.js';

/** Of a published VGG of timm. */
export interface VggSize {
  /** Convolutions of each of the five stages. */
  readonly depths: readonly number[];
  /** A batch norm behind each convolution. */
  readonly norm: boolean;
}

/** Source: timm/models/vgg.py */
export function timmVgg({ depths, norm }: VggSize): Architecture {
  return (config, start) => {
    const { args, classes, channels, size } = timmArgs(config, ['mlp_ratio'], 'avg');
    const inner = Math.trunc(features * args.float('mlp_ratio', 1));
    if (!(inner >= 1 && inner <= bounds.width.max))
      throw unsupported(`${args.title}: mlp_ratio gives ${inner} channels`);
    // timm stretches what five halvings leave of a smaller image to the kernel of the first layer behind them.
    if (Math.min(...size) < 32 * kernel) {
      throw unsupported(`${args.title}: images of ${size.join(' x ')}, smaller than 224 x 224, are not supported`);
    }
    const net = start([channels, ...size]);
    let [x, from, next] = ['pixel_values', channels, 0];
    depths.forEach((depth, stage) => {
      const to = Math.min(512, 64 * 2 ** stage);
      for (let i = 0; i < depth; i++) {
        x = net.conv(x, `features.${next++}`, { from, to, kernel: 3, padding: 1 });
        if (norm) x = net.batchNorm(x, `features.${next++}`, to);
        x = net.activation(x, `features.${next++}`, 'relu');
        from = to;
      }
      x = net.maxPool(x, `features.${next++}`, { kernel: 2, stride: 2 });
    });
    x = net.activation(net.conv(x, 'pre_logits.fc1', { from, to: inner, kernel }), 'pre_logits', 'relu');
    x = net.activation(net.conv(x, 'pre_logits.fc2', { from: inner, to: features, kernel: 1 }), 'pre_logits', 'relu');
    const logits = net.head(net.globalAverage(x, 'head.global_pool'), 'head.fc', features, classes);
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

const features = 4096;
const kernel = 7;
