import type { Architecture } from '../architecture.js';
import { convNorm, type ConvNorm } from '../conv-norm.js';
import { regnetBlock, type RegnetNames } from '../regnet-block.js';
import { timmArgs } from './args.js';

export interface RegnetSize {
  readonly widths: readonly number[];
  readonly depths: readonly number[];
  /** Channels in a group. */
  readonly group: number;
}

/** timm's RegNetX and, with squeeze and excitation, RegNetY. Images of any size. Source: timm/models/regnet.py */
export function timmRegnet(kind: 'x' | 'y', { widths, depths, group }: RegnetSize): Architecture {
  return (config, start) => {
    const { classes, channels } = timmArgs(config, [], 'avg');
    const net = start([channels, 'height', 'width']);
    const act = 'relu';
    let from = 32;
    const shape = { from: channels, to: from, kernel: 3, stride: 2, act };
    let x = convNorm(net, 'pixel_values', ['stem.conv', 'stem.bn'], shape);
    widths.forEach((to, stage) => {
      for (let i = 0; i < depths[stage]!; i++) {
        const names = namesOf(`s${stage + 1}.b${i + 1}`, kind);
        x = regnetBlock(net, x, names, { from, to, stride: i === 0 ? 2 : 1, groups: to / group, act });
        from = to;
      }
    });
    const logits = net.head(net.globalAverage(x, 'head.global_pool'), 'head.fc', from, classes);
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

function namesOf(path: string, kind: 'x' | 'y'): RegnetNames {
  const names = (part: string): ConvNorm => [`${path}.${part}.conv`, `${path}.${part}.bn`];
  const at = `${path}.se`;
  return {
    path,
    convolutions: [names('conv1'), names('conv2'), names('conv3')],
    shortcut: names('downsample'),
    ...(kind === 'y' ? { squeeze: { path: at, reduce: `${at}.fc1`, expand: `${at}.fc2` } } : {}),
  };
}
