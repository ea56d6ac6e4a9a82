import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { readModel } from '../adapters/formats/index.js';
import { loadImages } from '../adapters/images/load.js';
import { createIsolatedRunner } from '../adapters/isolation/index.js';
import { planShards } from '../core/plan/plan.js';
import { sideBySide } from '../core/plan/side-by-side.js';
import { cascade1 } from '../core/scan/profiles.js';
import { watchResidentBytes } from './process-tree.js';

export interface ManyClassesResult {
  readonly classes: number;
  readonly images: number;
  readonly tile: { readonly classes: number; readonly images: number };
  /** All processes together. */
  readonly peakBytes: number;
  readonly openSeconds: number;
  /** Seconds of the shards that ran, and what all would take at that rate. */
  readonly seconds: number;
  readonly shardsRun: number;
  readonly shards: number;
  readonly wholeSeconds: number;
}

/** Stops to start shards after this time: every tile has the same shape, so memory has peaked by then. */
const budgetSeconds = 45;

/** ResNet-50, 1,000 classes, 10 images, all rules of the default profile, one worker per core. */
export async function measureManyClasses(folder: string): Promise<ManyClassesResult> {
  const images = 10;
  const workers = availableParallelism();
  const watch = watchResidentBytes(process.pid);
  const runner = createIsolatedRunner({ workers, provider: 'cpu', timeoutMs: 3_600_000 });
  try {
    const path = join(folder, 'resnet50.onnx');
    const began = performance.now();
    // A scan reads the file once itself, for its digest.
    await readModel(path);
    const model = await runner.open({
      path,
      images: await loadImages(join(folder, 'resnet50.npy'), { count: images }),
      preprocessing: {},
      profile: { ...cascade1, images },
      selection: {},
      limits: { maxModelBytes: 2 ** 31, maxRunBytes: 2 ** 30 },
    });
    const opened = performance.now();
    const { classes, tile } = model.inspection;
    const shards = planShards({ scanId: 'bench', classes, images, tile, workers, shards: Number.MAX_SAFE_INTEGER });
    let shardsRun = 0;
    const stopped = (): boolean => performance.now() - opened > budgetSeconds * 1000;
    await sideBySide(shards, { most: workers, stopped }, async (shard) => {
      await model.runShard(shard);
      shardsRun++;
    });
    const seconds = (performance.now() - opened) / 1000;
    await model.close();
    return {
      classes,
      images,
      tile,
      peakBytes: watch.stop(),
      openSeconds: (opened - began) / 1000,
      seconds,
      shardsRun,
      shards: shards.length,
      wholeSeconds: (seconds / shardsRun) * shards.length,
    };
  } finally {
    await runner.close();
  }
}
