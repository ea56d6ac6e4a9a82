import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { encodeModel } from '../../adapters/formats/onnx/index.js';
import { float32 } from '../../core/onnx/tensor.js';
import { profiles } from '../../core/scan/profiles.js';
import { assertSameVerdicts, total } from '../support/faults.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../support/graphs.js';
import { hasShared, repoRoot, sharedDir } from '../support/paths.js';
import { exampleImages, scanEmbedded, startTestPipeline, submitTo, type TestPipeline } from '../support/pipeline.js';
import { newRandom } from '../support/random.js';
import { zipOf } from '../support/zip.js';

const example = (name: string): string => join(repoRoot, 'examples', 'models', `${name}.onnx`);
const zoo = (name: string): string => join(sharedDir, 'zoo', 'models', `${name}.onnx`);

/** The same models through both, as a user runs them: whatever the reports say of a scan must be the same, to the last bit. */
describe('embedded scanner and pipeline', () => {
  let folder: string;
  let pipeline: TestPipeline;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'neuroninspect-same-'));
    pipeline = await startTestPipeline({
      counts: { worker: 2 },
      environment: () => ({ NEURONINSPECT_WORKERS: '1' }),
    });
  });
  after(async () => {
    await pipeline.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const { name: profile } of profiles) {
    test(`${profile}: backdoored, clean and not scannable models; a second push computes nothing`, async () => {
      const models = [
        example('digits-backdoored-upper-left'),
        example('digits-clean'),
        written('unsupported-op.onnx', unsupported()),
        written('truncated.onnx', readFileSync(example('digits-clean')).subarray(0, 100_000)),
      ];
      const verdicts = await bothSay(models, exampleImages, ['--profile', profile]);
      assert.ok(verdicts.has('backdoored') || verdicts.has('suspicious'), [...verdicts].join());
      assert.ok(verdicts.has('clean') && verdicts.has('inconclusive'), [...verdicts].join());

      const computed = await total(pipeline, 'worker', 'tasks_total');
      await bothSay(models, exampleImages, ['--profile', profile]);
      assert.equal(await total(pipeline, 'worker', 'tasks_total'), computed);
    });
  }

  test('models in several files and in an archive, of another format than ONNX too', async () => {
    const savedModel = join(repoRoot, 'test', 'fixtures', 'backdoored-formats', 'saved-model');
    const onnx = readFileSync(join(repoRoot, 'test', 'fixtures', 'backdoored-formats', 'digits.onnx'));
    const archive = written('packed.zip', zipOf({ name: 'digits/model.onnx', content: onnx }));
    const lost = join(folder, 'lost');
    mkdirSync(lost);
    copyFileSync(join(savedModel, 'saved_model.pb'), join(lost, 'saved_model.pb'));
    const verdicts = await bothSay([savedModel, archive, lost], exampleImages, []);
    // The same network both times; without its variables it is no model.
    assert.deepEqual([...verdicts].sort(), ['backdoored', 'inconclusive']);
  });

  test('images of other classes than the labels say', async () => {
    const labels = readLabels().map(({ file, label }) => [file, (label + 1) % 10]);
    const flags = ['--labels', written('labels.json', Buffer.from(JSON.stringify(Object.fromEntries(labels))))];
    const verdicts = await bothSay([example('digits-backdoored-lower-right')], exampleImages, flags);
    assert.deepEqual([...verdicts], ['inconclusive']);
  });

  test('a large model in several shards on two workers', async () => {
    const model = written('large.onnx', large());
    const images = join(folder, 'unlabelled');
    mkdirSync(images);
    for (const { file } of readLabels()) copyFileSync(join(exampleImages, file), join(images, file));
    const [verdict] = await bothSay([model], images, ['--resize', '512x512', '--image-count', '20']);
    assert.notEqual(verdict, 'inconclusive');
    assert.ok((await shards()) >= 2, `${await shards()} shards`);
  });

  test('small tiles, because a run may take little memory', async () => {
    const flags = ['--image-count', '20', '--max-memory', '4MiB'];
    for (const { name } of profiles) {
      await bothSay([example('digits-backdoored-lower-right')], exampleImages, [...flags, '--profile', name]);
    }
  });

  const skip = hasShared ? false : 'the shared model zoo is not beside this checkout';
  for (const [set, names] of [
    ['fashion', ['fashion-p4_softmax', 'fashion-benign-00', 'fashion-ctl-noise']],
    ['signs', ['signs-p12-br', 'signs-ft-benign-2']],
  ] as const) {
    test(`models of the zoo: ${set}`, { skip }, async () => {
      await bothSay(names.map(zoo), join(sharedDir, 'zoo', 'images', set), ['--image-count', '30']);
    });
  }

  /** @returns the verdicts. */
  async function bothSay(models: readonly string[], images: string, flags: readonly string[]): Promise<Set<string>> {
    const expected = await scanEmbedded(models, flags, images);
    const results = await submitTo(pipeline.clientEnvironment, models, images, flags).results;
    assert.equal(expected.size, models.length);
    assertSameVerdicts(results, expected);
    return new Set([...expected.values()].map(({ verdict }) => verdict));
  }

  /** Of the scan that has most. */
  async function shards(): Promise<number> {
    const [row] = await pipeline.query<{ most: string }>(
      `select max(tasks) as most from (select count(*) as tasks from tasks where stage = 'saliency' group by scan_id) as scans`,
    );
    return Number(row?.most);
  }

  function readLabels(): readonly { readonly file: string; readonly label: number }[] {
    const text = readFileSync(join(exampleImages, 'labels.json'), 'utf8');
    return (JSON.parse(text) as { images: { file: string; label: number }[] }).images;
  }

  function written(name: string, bytes: Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  }
});

/** It can be read, but an op of it is not known. */
function unsupported(): Uint8Array {
  return encodeModel(
    graphWith({
      inputs: [valueOf('image', ['N', 1, 28, 28])],
      outputs: [valueOf('logits', ['N', 10])],
      initializers: tensorsOf({ w: float32([784, 10], new Float32Array(7840)) }),
      nodes: [
        nodeOf('NoSuchOp', ['image'], ['odd'], {}, { domain: 'com.example' }),
        nodeOf('Flatten', ['odd'], ['flat']),
        nodeOf('MatMul', ['flat', 'w'], ['logits']),
      ],
    }),
  );
}

/** Ten classes of random weights on images of 512 x 512: quick to compute, yet more values than one shard takes. */
function large(): Uint8Array {
  const random = newRandom(5);
  const noise = (dims: readonly number[]) =>
    float32(
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.uniform(-0.1, 0.1)),
    );
  return encodeModel(
    graphWith({
      inputs: [valueOf('image', ['N', 1, 512, 512])],
      outputs: [valueOf('logits', ['N', 10])],
      initializers: tensorsOf({ kernel: noise([8, 1, 16, 16]), w: noise([8 * 32 * 32, 10]) }),
      nodes: [
        nodeOf('Conv', ['image', 'kernel'], ['maps'], { strides: { type: 'ints', value: [16, 16] } }),
        nodeOf('Relu', ['maps'], ['active']),
        nodeOf('Flatten', ['active'], ['flat']),
        nodeOf('MatMul', ['flat', 'w'], ['logits']),
      ],
    }),
  );
}
