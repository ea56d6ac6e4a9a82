import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { encodeModel } from '../../../adapters/formats/onnx/index.js';
import { checks } from '../../../core/checks/index.js';
import type { Graph } from '../../../core/onnx/graph.js';
import { float32 } from '../../../core/onnx/tensor.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../../support/graphs.js';
import { repoRoot } from '../../support/paths.js';
import { createCli } from './run-cli.js';

const good = join(repoRoot, 'examples', 'models', 'digits-clean.onnx');
const schema = JSON.parse(readFileSync(join(repoRoot, 'docs/schemas/inspect.schema.json'), 'utf8')) as {
  $defs: { finding: { properties: { check: { enum: string[] } } } };
};
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
const validate = ajv.compile(schema);

interface Answer {
  readonly models: readonly {
    readonly path: string;
    readonly digest: string | null;
    readonly classifier: { readonly classes: number; readonly inputDims: readonly number[] } | null;
    readonly ops: readonly { readonly op: string; readonly refusedNodes: readonly string[] }[];
    readonly scan: { readonly images: number; readonly rules: readonly string[] } | null;
    readonly obstacle: { readonly code: string; readonly message: string } | null;
    readonly findings: readonly { readonly check: string; readonly severity: string }[];
  }[];
}

function parse(stdout: string): Answer {
  const answer = JSON.parse(stdout) as Answer;
  assert.ok(validate(answer), ajv.errorsText(validate.errors));
  return answer;
}

const linear = (weight: number, parts: Partial<Graph> = {}): Uint8Array =>
  encodeModel(
    graphWith({
      inputs: [valueOf('image', ['N', 1, 4, 4])],
      outputs: [valueOf('logits', ['N', 3])],
      initializers: tensorsOf({ w: float32([16, 3], new Float32Array(48).fill(weight)) }),
      nodes: [nodeOf('Flatten', ['image'], ['flat']), nodeOf('MatMul', ['flat', 'w'], ['logits'])],
      ...parts,
    }),
  );

test('a person reads what a model is and that it can be scanned', async (t) => {
  const { code, stdout, stderr } = await (await createCli(t)).run(['inspect', good]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  for (const line of [
    /^ {2}File +onnx, 1\.1 MiB, sha256:[0-9a-f]{64}$/m,
    /^ {2}Inputs +input: float32\[batch,1,28,28\]$/m,
    /^ {2}Reads +image 'input' as NCHW, 1 x 28 x 28; 10 classes from 'logits'$/m,
    /^ {2}Scan +guided, rectified, vanilla gradients of 50 images/m,
    /^ {2}Result +can be scanned$/m,
    /^ {2}Conv +2 {2}backward rule$/m,
  ]) {
    assert.match(stdout, line);
  }
});

test('a script reads the same from JSON, in the order asked for, under settings that a scan takes', async (t) => {
  const cli = await createCli(t);
  await writeFile(join(cli.dir, 'small.onnx'), linear(1));
  await writeFile(join(cli.dir, 'neuroninspect.yaml'), 'profile: paper-2019\nfail-on: backdoored\nformat: sarif\n');
  const { code, stdout } = await cli.run(['inspect', good, 'small.onnx', '--format', 'json', '--image-count', '8']);
  assert.equal(code, 0);
  const { models } = parse(stdout);
  assert.deepEqual(
    models.map(({ path, classifier, scan }) => [path, classifier?.classes, scan?.images, scan?.rules]),
    [
      [good, 10, 8, ['rectified']],
      ['small.onnx', 3, 8, ['rectified']],
    ],
  );
});

test('NaN weights are an error of a static check and fail a gate; a scan reports as before', async (t) => {
  const cli = await createCli(t);
  await writeFile(join(cli.dir, 'nan.onnx'), linear(NaN));
  const { code, stdout } = await cli.run(['inspect', 'nan.onnx', good, '-f', 'json']);
  assert.equal(code, 1);
  const [nan, fine] = parse(stdout).models;
  assert.deepEqual(nan?.findings[0], {
    check: 'weights-non-finite',
    severity: 'error',
    message: "tensor 'w' holds 48 NaN among 48 values",
    place: 'w',
  });
  assert.ok(fine?.findings.every(({ severity }) => severity === 'note'));
});

test('what cannot be scanned is explained: the operator, its node, the exit code', async (t) => {
  const cli = await createCli(t);
  const nodes = [
    nodeOf('Flatten', ['image'], ['flat']),
    nodeOf('Bernoulli', ['flat'], ['coin'], {}, { name: 'dice\u001b[31m' }),
    nodeOf('MatMul', ['coin', 'w'], ['logits']),
  ];
  await writeFile(join(cli.dir, 'random.onnx'), linear(1, { nodes }));
  const alone = await cli.run(['inspect', 'random.onnx']);
  assert.equal(alone.code, 3);
  assert.match(alone.stdout, /cannot be scanned \(model-unsupported-op\)/);
  assert.match(alone.stdout, /Bernoulli +1 +not supported: 'dice\\u\{1b\}\[31m'/);
  assert.ok(!alone.stdout.includes('\u001b'), 'names in a file cannot act on a terminal');
  const both = await cli.run(['inspect', 'random.onnx', good, 'gone.onnx', '-f', 'json']);
  assert.equal(both.code, 2);
  const found = new Map(parse(both.stdout).models.map((model) => [model.path, model]));
  assert.equal(found.get('gone.onnx')?.obstacle?.code, 'model-not-found');
  assert.deepEqual(found.get('random.onnx')?.ops.find(({ op }) => op === 'Bernoulli')?.refusedNodes, [
    'dice\u001b[31m',
  ]);
  assert.equal(found.get(good)?.obstacle, null);
});

test('damaged files of every kind end with a code of their own beside the good one', async (t) => {
  const cli = await createCli(t);
  await mkdir(join(cli.dir, 'zoo'));
  const bytes = await readFile(good);
  const head = bytes.subarray(0, 4000);
  const damage = fc.sample(fc.array(fc.tuple(fc.nat(3999), fc.nat(255)), { minLength: 1, maxLength: 30 }), {
    numRuns: 12,
    seed: 5,
  });
  for (const [i, changes] of damage.entries()) {
    const broken = Buffer.from(i % 2 === 0 ? bytes : head);
    for (const [at, value] of changes) broken[at] = value;
    await writeFile(join(cli.dir, 'zoo', `broken-${i}.onnx`), broken);
  }
  await writeFile(join(cli.dir, 'zoo', 'empty.onnx'), '');
  await writeFile(join(cli.dir, 'zoo', 'pickle.onnx'), Buffer.from([0x80, 0x04, 0x95, 1, 2, 3]));
  const { stdout, stderr } = await cli.run(['inspect', 'zoo', good, '-f', 'json']);
  assert.equal(stderr, '');
  const { models } = parse(stdout);
  assert.equal(models.length, 15);
  for (const { path, obstacle, digest } of models) {
    assert.doesNotMatch(obstacle?.code ?? '', /internal|engine/, `${path}: ${obstacle?.message}`);
    assert.ok(digest, `${path} is named by its bytes`);
  }
  assert.equal(models.find(({ path }) => path === good)?.obstacle, null);
  assert.match(models.find(({ path }) => path.endsWith('empty.onnx'))?.obstacle?.code ?? '', /^model-/);
});

test('a model above the limits is refused as a scan refuses it', async (t) => {
  const { code, stdout } = await (await createCli(t)).run(['inspect', good, '--max-model-size', '1MiB']);
  assert.equal(code, 2);
  assert.match(stdout, /model-too-large.*--max-model-size/s);
});

test('the schema knows every static check, and no field without its description', async (t) => {
  assert.deepEqual(
    schema.$defs.finding.properties.check.enum,
    checks.map(({ id }) => id),
  );
  const { stdout } = await (await createCli(t)).run(['inspect', good, '-f', 'json']);
  const answer = JSON.parse(stdout) as { models: Record<string, Record<string, unknown>>[] };
  const [model] = answer.models;
  for (const object of [answer, model, model!.graph, model!.classifier, model!.scan] as Record<string, unknown>[]) {
    assert.ok(validate(answer));
    object.surprise = 1;
    assert.equal(validate(answer), false);
    delete object.surprise;
  }
});
