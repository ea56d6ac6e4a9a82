import { makeDivisible } from '../../rounding.js';

/** A network of timm's EfficientNet family: MobileNets and EfficientNets differ in these alone. */
export interface MobileNet {
  /** By stage, blocks in timm's notation, e.g. `ir_r2_k3_s2_e6_c24_se0.25`: see {@link blocksOf}. */
  readonly stages: readonly (readonly string[])[];
  /** Channels behind the first convolution and before the classifier, before they are widened. */
  readonly stem: number;
  readonly features: number;
  readonly act: string;
  /** Factors of channels and of blocks in a stage. */
  readonly widen?: number;
  readonly deepen?: number;
  /** The stem, and the depth of the first and last stage, are as written. */
  readonly fixedEnds?: boolean;
  readonly fixedStem?: boolean;
  /** Whether the features before the classifier are widened, and whether never below what is written. */
  readonly head?: 'widened' | 'at-least' | 'as-written';
  /** Rounding never goes up by a step to stay above nine tenths. */
  readonly roundDown?: boolean;
  /** TensorFlow's padding, and its epsilon of batch norms. */
  readonly tensorflow?: boolean;
  /** MobileNetV3: squeezing depends on the expanded width, and the last convolution comes behind the pooling. */
  readonly third?: boolean;
}

export interface MobileBlock {
  /** Depthwise separable, the same with activation and without shortcut, inverted residual, edge residual, convolution. */
  readonly kind: 'ds' | 'dsa' | 'ir' | 'er' | 'cn';
  readonly kernel: number;
  readonly stride: number;
  readonly expand: number;
  readonly to: number;
  /** Share of the channels that squeeze and excitation leaves; 0 without. */
  readonly squeeze: number;
  readonly act: string;
  readonly skip: boolean;
}

/** Widths and repetitions of a network's blocks, by stage. Source: timm/models/_efficientnet_builder.py */
export function blocksOf(net: MobileNet): readonly (readonly MobileBlock[])[] {
  const { stages, deepen = 1, fixedEnds = false, act } = net;
  return stages.map((blocks, stage) => {
    const fixed = fixedEnds && (stage === 0 || stage === stages.length - 1);
    return blocks.flatMap((text) => {
      const { repeats, ...block } = parse(text, act);
      const count = fixed ? repeats : Math.ceil(repeats * deepen);
      const to = widthOf(net, block.to);
      return Array.from({ length: count }, (_, i) => ({ ...block, to, stride: i === 0 ? block.stride : 1 }));
    });
  });
}

/** Channels, widened and rounded. */
export function widthOf({ widen = 1, roundDown = false }: MobileNet, channels: number): number {
  const wide = channels * widen;
  if (!roundDown) return makeDivisible(wide, 8);
  return Math.max(8, Math.floor(Math.trunc(wide + 4) / 8) * 8);
}

function parse(text: string, act: string): MobileBlock & { repeats: number } {
  const [kind, ...options] = text.split('_') as [MobileBlock['kind'], ...string[]];
  const number = (key: string, fallback: number): number => {
    const found = options.find((option) => new RegExp(`^${key}\\d`).test(option));
    return found === undefined ? fallback : Number(found.slice(key.length));
  };
  return {
    kind,
    repeats: number('r', 1),
    kernel: number('k', 3),
    stride: number('s', 1),
    expand: number('e', 1),
    to: number('c', 0),
    squeeze: number('se', 0),
    act: options.includes('nre') ? 'relu' : act,
    skip: kind === 'cn' ? options.includes('skip') : kind !== 'dsa',
  };
}
