import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { kerasFormat } from '../../../../adapters/formats/keras/index.js';
import { openZip } from '../../../../adapters/images/zip.js';
import { repoRoot } from '../../../support/paths.js';
import { assertGolden, goldenOf } from './golden.js';

/**
 * Every variant of a layer and of how models are put together, saved by both generations of Keras in both formats: a wrong
 * translation would scan another model than the one in the file. Made by test/fixtures/keras/make.py.
 */
for (const archive of ['keras3.zip', 'keras2.zip']) {
  const entries = new Map(
    openZip(readFileSync(join(repoRoot, 'test', 'fixtures', 'keras', archive))).map((entry) => [entry.name, entry]),
  );
  const models = [...entries.keys()].filter((name) => !name.endsWith('.npz'));

  test(`${archive} holds models`, () => {
    assert.ok(models.length > 100);
  });

  for (const name of models) {
    test(`${archive}: ${name} gives Keras' logits and gradients`, async () => {
      const files = memoryFiles(new Map([[name, entries.get(name)!.read()]]), name);
      assert.ok(kerasFormat.detect(files, name));
      const graph = await kerasFormat.read(files, name, { maxModelBytes: 2 ** 24 });
      await assertGolden(graph, goldenOf(entries.get(name.replace(/\.\w+$/, '.npz'))!.read()));
    });
  }
}
