import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { safetensorsFormat } from '../../../../adapters/formats/safetensors/index.js';
import { timm } from '../../../../adapters/formats/safetensors/timm/index.js';
import { readNpz } from '../../../../adapters/images/npz.js';
import { assertModel, goldenOf } from '../../../support/model-golden.js';
import { scanError } from '../../../support/graphs.js';
import { repoRoot } from '../../../support/paths.js';
import { spreadFile } from '../../../support/spread-weights.js';

/**
 * Networks of timm in their published size, with weights that both sides compute from names and places:
 * `make_published` of test/fixtures/safetensors/make.py.
 */
const folder = join(repoRoot, 'test/fixtures/safetensors');

const names = [
  'timm-mobilenetv1',
  'timm-mobilenetv2',
  'timm-mobilenetv3',
  'timm-mobilenetv3-small',
  'timm-efficientnet',
  'timm-efficientnet-tf',
  'timm-efficientnetv2',
  'timm-regnetx',
  'timm-regnety',
  'timm-vgg',
  'timm-vgg-bn',
];

describe('a published network gives what timm gives, forward and, but for VGG, backward', () => {
  for (const name of names) {
    test(name, async () => {
      const read = (file: string): Buffer => readFileSync(join(folder, name, file));
      const shapes = JSON.parse(read('shapes.json').toString()) as Record<string, number[]>;
      const files = new Map<string, Uint8Array>([
        ['config.json', read('config.json')],
        ['model.safetensors', spreadFile(shapes)],
      ]);
      const limits = { maxModelBytes: 2 ** 30 };
      const graph = await safetensorsFormat.read(memoryFiles(files, name), 'model.safetensors', limits);
      await assertModel(graph, goldenOf(readNpz(read('golden.npz'))));
    });
  }
});

test('a VGG is refused where timm would stretch what is left of the image', async () => {
  const config = JSON.parse(readFileSync(join(folder, 'timm-vgg/config.json')).toString()) as object;
  const small = { ...config, pretrained_cfg: { input_size: [3, 224, 192] } };
  const files = new Map<string, Uint8Array>([
    ['config.json', Buffer.from(JSON.stringify(small))],
    ['model.safetensors', spreadFile({})],
  ]);
  const read = async (): Promise<unknown> =>
    safetensorsFormat.read(memoryFiles(files, 'm'), 'model.safetensors', { maxModelBytes: 2 ** 30 });
  await assert.rejects(read, scanError('model-unsupported-format', /224 x 192, smaller than 224 x 224/));
});

test('names of timm are told apart from what objects inherit', () => {
  assert.equal(timm.get('constructor'), undefined);
  assert.ok(timm.has('tf_efficientnet_b0') && timm.has('convnext_base') && timm.has('regnety_032'));
});
