import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { readModel } from '../../../../adapters/formats/index.js';
import { safetensorsFormat } from '../../../../adapters/formats/safetensors/index.js';
import { readNpz } from '../../../../adapters/images/npz.js';
import { assertModel, goldenOf } from '../../../support/model-golden.js';
import { fixtureFiles } from '../../../support/model-samples.js';
import { repoRoot } from '../../../support/paths.js';

/** Small networks as Transformers and timm save them, against what PyTorch computes: test/fixtures/safetensors/make.py. */
const folder = join(repoRoot, 'test/fixtures/safetensors');

const names = [
  'vit',
  'vit-no-bias',
  'vit-f16',
  'vit-bf16',
  'vit-shards',
  'deit',
  'deit-teacher',
  'resnet-basic',
  'resnet-bottleneck',
  'resnet-bottleneck-first',
  'convnext',
  'convnextv2',
  'swin',
  'swin-padded',
  'siglip',
  'clip',
  'data2vec',
  'dinov2-registers',
  'swinv2',
  'swinv2-padded',
  'segformer',
  'mobilevit',
  'mobilevit-dilated',
  'poolformer',
  'poolformer-unscaled',
  'levit',
  'levit-teacher',
  'mobilenetv1',
  'mobilenetv1-symmetric',
  'mobilenetv2',
  'efficientnet',
  'regnet',
  'regnet-x',
  'beit',
  'beit-shared',
  'dinov2',
  'dinov2-swiglu',
  'timm-resnet18',
  'timm-resnet50',
  'timm-resnet50d',
  'timm-resnet10t',
  'timm-resnext',
  'timm-wrapper',
  'timm-densenet',
  'timm-swin',
  'timm-swin-padded',
  'timm-vit',
  'timm-deit-distilled',
  'timm-deit3',
  'timm-convnext',
  'timm-convnext-pointwise',
  'timm-convnextv2',
];

describe('a saved model gives what PyTorch gives, forward and backward', () => {
  for (const name of names) {
    test(name, async () => {
      const model = await readModel(join(folder, name));
      assert.equal(model.format, 'safetensors');
      assert.deepEqual(
        model.graph.inputs.map((input) => [input.name, input.dtype, input.dims?.length]),
        [['pixel_values', 'float32', 4]],
      );
      await assertModel(model.graph, goldenOf(readNpz(readFileSync(join(folder, name, 'golden.npz')))));
    });
  }
});

test('float32 weights are views of the file where its alignment allows', async () => {
  const { graph } = await readModel(join(folder, 'resnet-basic'));
  const kernels = [...graph.initializers].filter(([name]) => name.endsWith('.convolution.weight'));
  const views = kernels.filter(
    ([, { data }]) => (data as Float32Array).buffer.byteLength > (data as Float32Array).byteLength,
  );
  assert.ok(kernels.length > 5);
  assert.equal(views.length, kernels.length, 'copies of their own');
});

test('a header of odd length moves no weight', async () => {
  const files = new Map(fixtureFiles(join(folder, 'vit')));
  const limits = { maxModelBytes: 2 ** 30 };
  const main = 'model.safetensors';
  const original = await safetensorsFormat.read(memoryFiles(files, 'm'), main, limits);
  const file = Buffer.from(files.get(main)!);
  const length = Number(file.readBigUInt64LE());
  const header = Buffer.from(`${file.toString('utf8', 8, 8 + length).trimEnd()} `.padEnd(length + 3));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  files.set(main, Buffer.concat([size, header, file.subarray(8 + length)]));
  const moved = await safetensorsFormat.read(memoryFiles(files, 'm'), main, limits);
  assert.equal((8 + header.length) % 4, 3);
  assert.deepEqual(moved.initializers.get('classifier.weight'), original.initializers.get('classifier.weight'));
});

test('layers keep the names they have in PyTorch, so that errors speak of them', async () => {
  const { graph } = await readModel(join(folder, 'vit'));
  assert.ok(graph.nodes.some(({ name }) => name.startsWith('vit.encoder.layer.0.attention.attention.query/')));
  assert.ok(graph.initializers.has('classifier.bias'));
  assert.deepEqual(
    graph.outputs.map(({ name, dims }) => [name, dims]),
    [['logits', ['N', 5]]],
  );
});

test("Transformers' shell around timm, as versions before 5 save it: tensors by timm's own names", async () => {
  const files = new Map(fixtureFiles(join(folder, 'timm-resnet10t')));
  const limits = { maxModelBytes: 2 ** 30 };
  const main = 'model.safetensors';
  const plain = await safetensorsFormat.read(memoryFiles(files, 'm'), main, limits);
  const config = JSON.parse(Buffer.from(files.get('config.json')!).toString()) as object;
  const shell = { ...config, architectures: ['TimmWrapperForImageClassification'] };
  files.set('config.json', Buffer.from(JSON.stringify(shell)));
  const wrapped = await safetensorsFormat.read(memoryFiles(files, 'm'), main, limits);
  assert.deepEqual(wrapped.nodes, plain.nodes);
});
