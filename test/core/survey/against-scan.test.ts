import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../../adapters/formats/index.js';
import { loadImages } from '../../../adapters/images/load.js';
import { openModel } from '../../../core/execute/open-model.js';
import { cascade1 } from '../../../core/scan/profiles.js';
import { survey } from '../../../core/survey/index.js';
import { repoRoot } from '../../support/paths.js';

const examples = join(repoRoot, 'examples');
const limits = { maxModelBytes: 2 ** 24, maxRunBytes: 2 ** 30 };

for (const name of readdirSync(join(examples, 'models')).filter((file) => file.endsWith('.onnx'))) {
  test(`what is said without images is what a scan does: ${name}`, async () => {
    const path = join(examples, 'models', name);
    const file = await readModel(path);
    const images = await loadImages(join(examples, 'images'), { count: cascade1.images });
    const profile = { ...cascade1, images: images.count };
    const job = { path, images, preprocessing: {}, profile, selection: {}, limits };
    const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), file.graph, job);
    try {
      const { classifier, scan } = survey(file, { profile, selection: {}, limits, workers: 1 });
      const { classes, inputDims, layout, inputName, logitsName, cut, tile } = model.inspection;
      assert.deepEqual(classifier, {
        classes,
        inputDims,
        layout,
        inputName,
        logitsName,
        cut,
        sizeAssumed: false,
        fixedBatch: undefined,
      });
      assert.deepEqual(scan?.tile, tile);
    } finally {
      await model.close();
    }
  });
}
