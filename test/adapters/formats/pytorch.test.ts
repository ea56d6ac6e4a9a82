import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readModel } from '../../../adapters/formats/index.js';
import { scanError } from '../../support/graphs.js';
import { repoRoot } from '../../support/paths.js';

/** Files that PyTorch wrote, see make.py there. */
describe('a file of PyTorch is refused with the command that exports this kind of file', () => {
  const stateDict =
    /state_dict, weights without the model.*m = \.\.\.; m\.load_state_dict\(torch\.load\('FILE', weights_only=True\)\)/;
  const checkpoint = /checkpoint, a dictionary.*\['state_dict'\]/;
  const module = /a pickled PyTorch object of __main__\.Net.*weights_only=False.*runs code from the file.*sandbox/;
  const cases: readonly [string, RegExp][] = [
    ['state-dict.pt', stateDict],
    ['state-dict-old.pt', stateDict],
    ['checkpoint.pt', checkpoint],
    ['checkpoint-old.pt', checkpoint],
    ['module.pt', module],
    ['module-old.pt', module],
    ['tensor.pt', /a PyTorch file, which is not read.*torch\.onnx\.export/],
    ['torchscript.pt', /a TorchScript program.*m = torch\.jit\.load\('FILE'\).*dynamo=False/],
    ['program.pt2', /a program of torch\.export.*torch\.export\.load\('FILE'\).*dynamo=True/],
  ];
  for (const [name, pattern] of cases) {
    test(name, async () => {
      const path = join(repoRoot, 'test/fixtures/pytorch', name);
      // The command is one line that a shell takes.
      await assert.rejects(
        readModel(path),
        scanError('model-unsupported-format', new RegExp(name), pattern, /python -c "[^"]+"/),
      );
    });
  }
});
