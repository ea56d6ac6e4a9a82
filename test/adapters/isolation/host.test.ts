import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../../adapters/formats/index.js';
import { loadImages } from '../../../adapters/images/load.js';
import { createIsolatedRunner } from '../../../adapters/isolation/index.js';
import { openModel } from '../../../core/execute/open-model.js';
import { planShards } from '../../../core/plan/plan.js';
import type { ModelJob, OpenModel, Runner } from '../../../core/ports/runner.js';
import { ScanError } from '../../../core/scan/errors.js';
import { cascade1 } from '../../../core/scan/profiles.js';
import { repoRoot } from '../../support/paths.js';

const examples = join(repoRoot, 'examples');

describe('isolated runner with the real host', () => {
  it('gives bit for bit what the same scan gives in one process', () =>
    withRunner(async (runner) => {
      const job = await jobFor('models/digits-backdoored-lower-right.onnx');
      const { graph } = await readModel(job.path);
      const here = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, job);
      const there = await runner.open(job);
      assert.deepEqual(there.inspection, here.inspection);
      assert.deepEqual(there.engine, here.engine);
      assert.deepEqual(await partsOf(there), await partsOf(here));
      await Promise.all([here.close(), there.close()]);
    }));

  it('scans on after a file that is no model', () =>
    withRunner(async (runner) => {
      await assert.rejects(runner.open(await jobFor('README.md')), isModelError);
      await assert.rejects(runner.open(await jobFor('models/missing.onnx')), isModelError);
      const model = await runner.open(await jobFor('models/digits-clean.onnx'));
      assert.equal(model.inspection.classes, 10);
    }));
});

async function partsOf(model: OpenModel): Promise<unknown[]> {
  const { classes, tile } = model.inspection;
  const shards = planShards({ scanId: 'scan', classes, images: 20, tile, workers: 2 });
  assert.ok(shards.length > 1);
  return Promise.all([
    ...shards.map((shard) => model.runShard(shard)),
    model.confirm(5),
    model.explain({ rule: 'rectified', classes: [5, 3] }),
  ]);
}

async function jobFor(path: string): Promise<ModelJob> {
  return {
    path: join(examples, path),
    images: await loadImages(join(examples, 'images'), { count: 20 }),
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 24, maxRunBytes: 2 ** 28 },
  };
}

async function withRunner(body: (runner: Runner) => Promise<void>): Promise<void> {
  const runner = createIsolatedRunner({ workers: 2, provider: 'cpu', timeoutMs: 120_000 });
  try {
    await body(runner);
  } finally {
    await runner.close();
  }
}

function isModelError(error: unknown): boolean {
  assert.ok(error instanceof ScanError);
  assert.match(error.code, /^model-/);
  return true;
}
