import { planShards } from '../plan/plan.js';
import type { Inspection, Shard } from '../scan/features.js';
import type { ScanOrder } from './order.js';

export interface PlanHint {
  /** Asks for this many shards; never more than there are tiles. */
  readonly shards?: number | undefined;
  /** Workers that a large model should spread over at least. */
  readonly workers?: number | undefined;
}

/**
 * Values of saliency maps (maps x values per map) that one shard computes about. A worker has to open the model first, which
 * takes about as long as computing this much on a small model, so what fits in one shard is not spread. ResNet-18 at
 * 224 x 224: some 200 maps per rule, seconds on a GPU and about a minute on a core, which bounds what a lost shard costs.
 */
const valuesPerShard = 32 * 2 ** 20;
/** Half of what a message may have; the rest is for what describes the numbers. */
const bytesPerShard = 4 * 2 ** 20;
const mostShards = 1024;

/**
 * Cuts a scan for the pipeline. Depends on nothing but its arguments, and shards are whole tiles, so neither the hint nor
 * another version of this function can change a number of the scan.
 */
export function planSaliency(order: ScanOrder, inspection: Inspection, hint: PlanHint = {}): Shard[] {
  const { classes, tile, height, width, channels } = inspection;
  const images = order.images.count;
  const plan = (shards: number): Shard[] =>
    planShards({ scanId: order.scanId, classes, images, tile, workers: hint.workers, shards });

  const size = Math.ceil((classes * images * channels * height * width) / valuesPerShard);
  const wanted = hint.shards ?? (size > 1 ? Math.max(size, hint.workers ?? 1) : 1);
  let shards = plan(Math.min(mostShards, wanted));
  while (shards.length < mostShards && shards.some((shard) => bytesOf(order, inspection, shard) > bytesPerShard)) {
    const finer = plan(Math.min(mostShards, shards.length * 2));
    if (finer.length === shards.length) break;
    shards = finer;
  }
  return shards;
}

/** Of what a shard's result carries: a float32 per map and feature, a bit per pixel, class and rule. */
function bytesOf(order: ScanOrder, { height, width }: Inspection, { classes, images }: Shard): number {
  const features = order.settings.profile.saliency.flatMap((rule) => rule.features);
  const parities = features.filter((feature) => feature === 'persistent').length;
  const rows = classes.end - classes.start;
  const columns = images.end - images.start;
  return rows * (columns * (features.length - parities) * 4 + parities * Math.ceil((height * width) / 8));
}
