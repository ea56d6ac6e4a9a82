import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../adapters/formats/index.js';
import { loadImages } from '../../adapters/images/load.js';
import { openPgliteScanStore } from '../../adapters/stores/scans/pglite.js';
import { nullTables } from '../../core/detect/p-value.js';
import { openModel } from '../../core/execute/open-model.js';
import { planStage, recordResult, registerScan } from '../../core/pipeline/index.js';
import type { Outcome, Task } from '../../core/pipeline/task.js';
import type { OpenModel } from '../../core/ports/runner.js';
import { profileHash, scanId } from '../../core/scan/scan-id.js';
import { scanModel } from '../../core/scan/scan-model.js';
import { profiles } from '../../core/scan/profiles.js';
import { essence, sha256 } from '../core/pipeline/fake-worker.js';
import { repoRoot } from '../support/paths.js';

const name = 'digits-backdoored-lower-right.onnx';

/** Bit maps of persistence included, through the wire format and the database. */
for (const profile of profiles) {
  test(`${profile.name}: a real model has the same result from tasks as from the embedded scanner`, async () => {
    const images = await loadImages(join(repoRoot, 'examples', 'images'), { count: 20 });
    const { graph } = await readModel(join(repoRoot, 'examples', 'models', name));
    const settings = { profile, preprocessing: {}, selection: {} };
    const limits = { maxModelBytes: 2 ** 30, maxRunBytes: 3.5 * 2 ** 20 };
    const job = { ...settings, path: name, images, limits };
    const open = (): Promise<OpenModel> => openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, job);
    const digest = `sha256:${sha256(name)}`;
    const expected = await scanModel(
      {
        runner: { open, close: () => Promise.resolve() },
        sha256,
        clock: { now: () => 0, after: () => () => undefined },
        identify: () => Promise.resolve({ digest, bytes: 5, format: 'onnx' }),
      },
      job,
    );

    const hash = profileHash(sha256, settings);
    const order = {
      scanId: scanId(sha256, { modelDigest: digest, imagesDigest: images.digest, profileHash: hash }),
      model: { name, digest, format: 'onnx', files: [{ path: name, sha256: sha256('model'), bytes: 5 }] },
      images: {
        digest: images.digest,
        count: images.count,
        labelled: images.labels.filter((label) => label !== undefined).length,
        sha256: sha256('images'),
        bytes: 5,
      },
      settings,
      limits,
      lane: 'gate',
    } as const;
    const store = await openPgliteScanStore();
    const model = await open();
    try {
      await registerScan(store, order);
      for (let round = 0; round < 4; round++) {
        const options = { lane: 'gate', round, now: 0, ttl: 60, shards: 5 } as const;
        const { tasks } = await planStage(store, order.scanId, options);
        for (const task of [...tasks].reverse()) {
          const outcome = await outcomeOf(model, task);
          const result = {
            taskId: task.id,
            scanId: order.scanId,
            worker: 'w',
            seconds: 1,
            engine: model.engine,
            outcome,
          };
          const recorded = await recordResult(store, result, { nullTables: nullTables() });
          assert.equal(recorded.outcome, 'first', recorded.refusal?.message);
        }
      }
      assert.equal(expected.targetClasses.length > 0, true);
      assert.deepEqual(essence((await store.verdict(order.scanId))!.result), essence(expected));
    } finally {
      await model.close();
      await store.close();
    }
  });

  async function outcomeOf(model: OpenModel, { work }: Task): Promise<Outcome> {
    if (work.stage === 'saliency') return { kind: 'features', features: await model.runShard(work.shard) };
    if (work.stage === 'confirm') {
      return {
        kind: 'evidence',
        evidence: await model.confirm(work.classIndex),
        pictures: { sha256: sha256('p'), bytes: 1 },
      };
    }
    const { labels, classNames } = await loadImages(join(repoRoot, 'examples', 'images'), { count: 20 });
    return { kind: 'inspection', inspection: model.inspection, images: { labels, classNames } };
  }
}
