import { createOnnxruntimeEngine } from '../adapters/engines/onnxruntime/index.js';
import { readModel } from '../adapters/formats/index.js';
import { loadImages } from '../adapters/images/load.js';
import { createIsolatedRunner } from '../adapters/isolation/index.js';
import { openModel } from '../core/execute/open-model.js';
import { mergeShards } from '../core/plan/merge.js';
import { planShards } from '../core/plan/plan.js';
import { sideBySide } from '../core/plan/side-by-side.js';
import type { ModelJob, OpenModel, Runner } from '../core/ports/runner.js';
import type { FeatureName, SaliencyRuleName, ScanFeatures } from '../core/scan/features.js';
import { cascade1 } from '../core/scan/profiles.js';

export interface OurWork {
  /** Model file and model input (`.npy`). */
  readonly path: string;
  readonly imagesPath: string;
  readonly rule: SaliencyRuleName;
  readonly features: readonly FeatureName[];
  readonly images: number;
  /** The first K classes; a range past the model's last class is cut. */
  readonly classes: number;
}

export interface OurSide {
  readonly classes: number;
  readonly tile: { readonly classes: number; readonly images: number };
  /** Runs all shards once, as a scan does. */
  run(): Promise<ScanFeatures>;
  close(): Promise<void>;
}

/** In this process with one thread, so that `process.cpuUsage` sees all of it. */
export function inProcess(work: OurWork): Promise<OurSide> {
  const engine = createOnnxruntimeEngine({ provider: 'cpu' });
  const runner: Runner = {
    open: async (job) => openModel(engine, (await readModel(job.path)).graph, job),
    close: () => Promise.resolve(),
  };
  return open(runner, work);
}

/** As the product runs: one worker process per core, one thread each. */
export function inWorkers(work: OurWork, workers: number): Promise<OurSide> {
  return open(createIsolatedRunner({ workers, provider: 'cpu', timeoutMs: 3_600_000 }), work);
}

async function open(runner: Runner, { path, imagesPath, rule, features, ...work }: OurWork): Promise<OurSide> {
  const job: ModelJob = {
    path,
    images: await loadImages(imagesPath, { count: work.images }),
    preprocessing: {},
    profile: { ...cascade1, images: work.images, saliency: [{ rule, features }] },
    selection: {},
    limits: { maxModelBytes: 2 ** 31, maxRunBytes: 2 ** 30 },
  };
  const model = await runner.open(job);
  const { tile } = model.inspection;
  const classes = Math.min(work.classes, model.inspection.classes);
  return {
    classes,
    tile,
    run: () => runAll(model, classes, work.images),
    close: async () => {
      await model.close();
      await runner.close();
    },
  };
}

async function runAll(model: OpenModel, classes: number, images: number): Promise<ScanFeatures> {
  const { tile } = model.inspection;
  const shards = planShards({ scanId: 'bench', classes, images, tile, workers: model.workers });
  const done = await sideBySide(shards, { most: model.workers }, (shard) => model.runShard(shard));
  const merged = mergeShards(shards, done);
  if (!merged.complete) throw new Error(`${merged.missing.length} shards gave no result`);
  return merged.features;
}
