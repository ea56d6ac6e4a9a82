import { bounds, type Architecture } from '../architecture.js';
import { channelNorm, convNextBlock, type ConvNextNames } from '../convnext-block.js';
import { timmArgs } from './args.js';

/** Of a published size of timm's ConvNeXt; `model_args` may change depths and dims. */
export interface ConvNextSize {
  readonly depths: readonly number[];
  readonly dims: readonly number[];
  /** With the global response norm instead of the layer scale. */
  readonly second?: boolean;
  /** The linear layers are stored as 1x1 convolutions (`conv_mlp`). */
  readonly pointwise?: boolean;
}

/** Images of any size. Source: timm/models/convnext.py */
export function timmConvNext({ second = false, pointwise = false, ...published }: ConvNextSize): Architecture {
  return (config, start) => {
    const { args, classes, channels } = timmArgs(config, ['depths', 'dims'], 'avg');
    const depths = args.ints('depths', { ...bounds.layers, fallback: published.depths, length: 4 });
    const dims = args.ints('dims', { ...bounds.width, fallback: published.dims, length: 4 });
    const net = start([channels, 'height', 'width']);
    let from = dims[0]!;
    let x = net.conv('pixel_values', 'stem.0', { from: channels, to: from, kernel: 4, stride: 4 });
    x = channelNorm(net, x, 'stem.1', from);
    dims.forEach((width, stage) => {
      const path = `stages.${stage}`;
      if (stage > 0) {
        const normed = channelNorm(net, x, `${path}.downsample.0`, from);
        x = net.conv(normed, `${path}.downsample.1`, { from, to: width, kernel: 2, stride: 2 });
      }
      from = width;
      for (let i = 0; i < depths[stage]!; i++) {
        x = convNextBlock(net, x, namesOf(`${path}.blocks.${i}`, width, second), { width, act: 'gelu', pointwise });
      }
    });
    const pooled = net.layerNorm(net.globalAverage(x, 'head.global_pool'), 'head.norm', from, 1e-6);
    const logits = net.head(pooled, 'head.fc', from, classes);
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

function namesOf(path: string, width: number, second: boolean): ConvNextNames {
  return {
    path,
    depthwise: `${path}.conv_dw`,
    norm: `${path}.norm`,
    inner: `${path}.mlp.fc1`,
    outer: `${path}.mlp.fc2`,
    ...(second ? { response: { path: `${path}.mlp.grn`, dims: [4 * width] } } : { scale: `${path}.gamma` }),
  };
}
