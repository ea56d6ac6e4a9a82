import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readModel } from '../../../../adapters/formats/index.js';
import { scanError } from '../../../support/graphs.js';
import { repoRoot } from '../../../support/paths.js';

/** Files that torch wrote: `make_pytorch` of test/fixtures/safetensors/make.py. */
const folder = join(repoRoot, 'test/fixtures/safetensors/pytorch');

describe('what torch saves is told by its content and refused with the way to ONNX', () => {
  const names = readdirSync(folder);

  test('all containers of torch are here', () => {
    assert.deepEqual(names.sort(), ['legacy.pth', 'module.pt', 'state-dict.pt', 'torchscript.pt']);
  });

  for (const name of names) {
    test(name, async () => {
      await assert.rejects(
        readModel(join(folder, name)),
        scanError(
          'model-unsupported-format',
          new RegExp(`${name}: a .*(PyTorch|TorchScript)`),
          /torch\.onnx\.export\(/,
        ),
      );
    });
  }
});
