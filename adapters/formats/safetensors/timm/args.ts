import { bounds } from '../architecture.js';
import { configOf, unsupported, type Config } from '../config.js';
import { isObject } from '../json.js';

/** What timm's config.json says besides the architecture. */
export interface TimmArgs {
  /** Options of the constructor. */
  readonly args: Config;
  readonly classes: number;
  readonly channels: number;
  /** [height, width] */
  readonly size: readonly [number, number];
}

/**
 * @param known options that the architecture reads; any other one is refused.
 * @param pooling the only `global_pool`.
 */
export function timmArgs(config: Config, known: readonly string[], pooling: string): TimmArgs {
  const args = config.object('model_args') ?? configOf({}, `${config.title}: model_args`);
  const all = new Set([...known, 'num_classes', 'in_chans', 'global_pool', 'img_size', ...inTrainingAlone]);
  const given = config.raw('model_args');
  for (const key of isObject(given) ? Object.keys(given) : []) {
    if (!all.has(key)) throw unsupported(`${args.title}: the option '${key.slice(0, 60)}' is not supported`);
  }
  config.only('global_pool', pooling);
  args.only('global_pool', pooling);
  const shape = config.object('pretrained_cfg')?.raw('input_size');
  const named = Number(/_(\d{3})$/.exec(config.string('architecture'))?.[1] ?? 224);
  const [, height, width] = Array.isArray(shape) && shape.length === 3 ? (shape as unknown[]) : [3, named, named];
  const trained = configOf({ input_size: [height, width] }, `${config.title}: pretrained_cfg`);
  return {
    args,
    classes: config.int('num_classes', { max: 1_000_000, fallback: 1000 }),
    channels: args.int('in_chans', bounds.channels),
    size: args.has('img_size') ? args.pair('img_size', bounds.image) : trained.pair('input_size', bounds.image),
  };
}

const inTrainingAlone = ['drop_rate', 'drop_path_rate', 'proj_drop_rate', 'attn_drop_rate', 'pos_drop_rate'];
