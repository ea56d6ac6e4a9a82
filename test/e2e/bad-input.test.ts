import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeModel } from '../../adapters/formats/onnx/index.js';
import type { Graph } from '../../core/onnx/graph.js';
import { float32, ints } from '../../core/onnx/tensor.js';
import { createCli } from '../services/cli/run-cli.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../support/graphs.js';
import { repoRoot } from '../support/paths.js';

/** Every bad input through the real command: one clear error that names it, the right exit code, nothing else lost. */
const good = join(repoRoot, 'examples', 'models', 'digits-clean.onnx');
const images = join(repoRoot, 'examples', 'images');

interface Report {
  readonly results: readonly {
    readonly model: { readonly path: string };
    readonly verdict: string;
    readonly reason: { readonly code: string; readonly message: string } | null;
  }[];
}

const classifier = (parts: Partial<Graph>): Uint8Array =>
  encodeModel(
    graphWith({
      inputs: [valueOf('image', ['N', 1, 28, 28])],
      outputs: [valueOf('logits', ['N', 10])],
      initializers: tensorsOf({ w: float32([784, 10], new Float32Array(7840)) }),
      nodes: [nodeOf('Flatten', ['image'], ['flat']), nodeOf('MatMul', ['flat', 'w'], ['logits'])],
      ...parts,
    }),
  );

const models: Readonly<Record<string, { bytes: () => Promise<Uint8Array> | Uint8Array; code: RegExp; says: RegExp }>> =
  {
    'empty.onnx': { bytes: () => new Uint8Array(), code: /model-/, says: /empty/ },
    'truncated.onnx': {
      bytes: async () => (await readFile(good)).subarray(0, 100_000),
      code: /model-malformed/,
      says: /truncated\.onnx/,
    },
    'text.onnx': { bytes: () => Buffer.from('this is no model\n'), code: /model-/, says: /text\.onnx/ },
    'nested-groups.onnx': {
      bytes: () => new Uint8Array(21_000).fill(0x0b),
      code: /model-malformed/,
      says: /group/,
    },
    'huge-tensor.onnx': {
      bytes: () =>
        classifier({
          initializers: tensorsOf({ shape: ints(1_000_000, 1_000_000), w: float32([784, 10], new Float32Array(7840)) }),
          nodes: [
            nodeOf('ConstantOfShape', ['shape'], ['huge']),
            nodeOf('ReduceSum', ['huge'], ['sum'], { keepdims: { type: 'int', value: 0 } }),
            nodeOf('Flatten', ['image'], ['flat']),
            nodeOf('MatMul', ['flat', 'w'], ['product']),
            nodeOf('Add', ['product', 'sum'], ['logits']),
          ],
        }),
      code: /model-too-large/,
      says: /./,
    },
    'two-inputs.onnx': {
      bytes: () =>
        classifier({
          inputs: [valueOf('left', ['N', 1, 28, 28]), valueOf('right', ['N', 1, 28, 28])],
          nodes: [
            nodeOf('Add', ['left', 'right'], ['both']),
            nodeOf('Flatten', ['both'], ['flat']),
            nodeOf('MatMul', ['flat', 'w'], ['logits']),
          ],
        }),
      code: /model-(ambiguous|not-a-classifier)/,
      says: /left.*right/s,
    },
    'two-outputs.onnx': {
      bytes: () => classifier({ outputs: [valueOf('logits', ['N', 10]), valueOf('flat', ['N', 784])] }),
      code: /model-ambiguous/,
      says: /--logits-name/,
    },
    'detector.onnx': {
      bytes: () =>
        classifier({
          outputs: [valueOf('boxes', ['N', 196, 4])],
          initializers: tensorsOf({ shape: ints(-1, 196, 4) }),
          nodes: [nodeOf('Reshape', ['image', 'shape'], ['boxes'])],
        }),
      code: /model-not-a-classifier/,
      says: /boxes/,
    },
    'language-model.onnx': {
      bytes: () =>
        classifier({
          inputs: [valueOf('tokens', ['N', 128], 'int64')],
          initializers: tensorsOf({ embedding: float32([50, 8], new Float32Array(400)) }),
          nodes: [nodeOf('Gather', ['embedding', 'tokens'], ['logits'])],
        }),
      code: /model-not-a-classifier|model-ambiguous/,
      says: /tokens/,
    },
    'unsupported-op.onnx': {
      bytes: () =>
        classifier({
          nodes: [
            nodeOf('NoSuchOp', ['image'], ['odd'], {}, { domain: 'com.example' }),
            nodeOf('Flatten', ['odd'], ['flat']),
            nodeOf('MatMul', ['flat', 'w'], ['logits']),
          ],
          opsets: new Map([
            ['', 17],
            ['com.example', 1],
          ]),
        }),
      code: /model-unsupported-op/,
      says: /NoSuchOp/,
    },
    'nan-weights.onnx': {
      bytes: () => classifier({ initializers: tensorsOf({ w: float32([784, 10], new Float32Array(7840).fill(NaN)) }) }),
      code: /non-finite/,
      says: /finite|NaN/,
    },
    'few-classes.onnx': {
      bytes: () => classifier({ initializers: tensorsOf({ w: float32([784, 3], new Float32Array(2352)) }) }),
      code: /too-few-classes|low-accuracy|constant-features|zero-deviation/,
      says: /class|image/,
    },
    'colour.onnx': {
      bytes: () =>
        classifier({
          inputs: [valueOf('image', ['N', 3, 32, 32])],
          initializers: tensorsOf({ w: float32([3072, 10], new Float32Array(30720)) }),
        }),
      code: /images-mismatch/,
      says: /--resize 32x32 and --channels rgb/,
    },
    'weights.pt.onnx': {
      bytes: () => Buffer.from('PK\x03\x04archive/data.pkl'),
      code: /model-/,
      says: /weights\.pt\.onnx/,
    },
  };

test('every bad model among good ones is reported with its own reason, and the good ones are judged', async (t) => {
  const cli = await createCli(t);
  await mkdir(join(cli.dir, 'models'));
  for (const [name, { bytes }] of Object.entries(models)) await writeFile(join(cli.dir, 'models', name), await bytes());
  await copyFile(good, join(cli.dir, 'models', 'good.onnx'));
  const { code, stdout, stderr } = await cli.run([
    'scan',
    'models',
    '--images',
    images,
    '--format',
    'json',
    '--no-progress',
  ]);
  assert.equal(code, 2, stderr);
  const { results } = JSON.parse(stdout) as Report;
  assert.equal(results.length, Object.keys(models).length + 1);
  for (const { model, verdict, reason } of results) {
    const name = model.path.split('/').at(-1)!;
    if (name === 'good.onnx') {
      assert.equal(verdict, 'clean');
      continue;
    }
    assert.equal(verdict, 'inconclusive', name);
    const { code: expected, says } = models[name]!;
    assert.match(reason!.code, expected, `${name}: ${reason!.code}: ${reason!.message}`);
    assert.match(reason!.message, says, name);
    assert.doesNotMatch(reason!.message, /internal|undefined|\bat .*\.js:/, name);
  }
});

test('external data that escapes the folder is refused and never read', async (t) => {
  const cli = await createCli(t);
  await writeFile(join(cli.dir, 'secret.bin'), new Uint8Array(784 * 10 * 4));
  await mkdir(join(cli.dir, 'model'));
  await writeFile(join(cli.dir, 'model', 'm.onnx'), withExternalWeights('../secret.bin'));
  const { code, stdout } = await cli.run([
    'scan',
    'model/m.onnx',
    '--images',
    images,
    '--format',
    'json',
    '--no-progress',
  ]);
  assert.equal(code, 2);
  const [result] = (JSON.parse(stdout) as Report).results;
  assert.equal(result!.reason!.code, 'model-external-data');
  assert.match(result!.reason!.message, /secret\.bin/);
});

test('no image, corrupt images: usage errors that name the folder or the files', async (t) => {
  const cli = await createCli(t);
  await mkdir(join(cli.dir, 'none'));
  await mkdir(join(cli.dir, 'corrupt'));
  await writeFile(join(cli.dir, 'corrupt', 'a.png'), Buffer.from('\x89PNG\r\n\x1a\nnot really'));
  const none = await cli.run(['scan', good, '--images', 'none']);
  assert.deepEqual([none.code, none.stdout], [4, '']);
  assert.match(none.stderr, /none/);
  const corrupt = await cli.run(['scan', good, '--images', 'corrupt']);
  assert.deepEqual([corrupt.code, corrupt.stdout], [4, '']);
  assert.match(corrupt.stderr, /a\.png/);
});

test('fuzzed real models never crash or hang the command', { timeout: 300_000 }, async (t) => {
  const cli = await createCli(t);
  const original = await readFile(good);
  await mkdir(join(cli.dir, 'fuzzed'));
  const edit = fc.record({
    at: fc.nat(original.length - 1),
    kind: fc.constantFrom('flip', 'cut', 'insert', 'zero'),
    size: fc.integer({ min: 1, max: 64 }),
  });
  // The graph is written at both ends of the file; the middle is weights.
  const place = (at: number): number => (at % 2 ? at % 3000 : original.length - 1 - (at % 3000));
  const batch = fc.sample(fc.array(edit, { minLength: 1, maxLength: 4 }), { seed: 7, numRuns: 40 });
  for (const [i, edits] of batch.entries()) {
    let bytes: Uint8Array = Uint8Array.from(original);
    for (const { at, kind, size } of edits) {
      const from = Math.min(place(at), bytes.length - 1);
      if (kind === 'flip') bytes[from]! ^= 1 << (size & 7);
      else if (kind === 'zero') bytes.fill(0, from, from + size);
      else {
        const middle = kind === 'insert' ? new Uint8Array(size).fill(0xff) : new Uint8Array();
        bytes = Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(kind === 'cut' ? from + size : from)]);
      }
    }
    await writeFile(join(cli.dir, 'fuzzed', `${i}.onnx`), bytes);
  }
  const args = ['scan', 'fuzzed', '--images', images, '--image-count', '10', '--format', 'json', '--no-progress'];
  const { code, signal, stdout, stderr } = await cli.run([...args, '--timeout', '60s']);
  assert.equal(signal, null);
  assert.ok(code === 0 || code === 1 || code === 2, `exit code ${code}: ${stderr}`);
  const { results } = JSON.parse(stdout) as Report;
  assert.equal(results.length, batch.length);
  for (const { reason } of results) assert.ok(reason?.code !== 'internal', `${reason?.message}`);
});

/** A classifier whose weights are said to be in another file: the graph as encoded, the tensor's data location added. */
function withExternalWeights(location: string): Uint8Array {
  const inline = classifier({});
  const field = (number: number, body: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2]), varint(body.length), body]);
  const entry = Buffer.concat([field(1, Buffer.from('location')), field(2, Buffer.from(location))]);
  // TensorProto: dims 784 and 10, data_type 1, name, external_data, data_location EXTERNAL.
  const tensor = Buffer.concat([
    Buffer.from([0x08]),
    varint(784),
    Buffer.from([0x08]),
    varint(10),
    Buffer.from([0x10, 1]),
    field(8, Buffer.from('w')),
    Buffer.from([(13 << 3) | 2]),
    varint(entry.length),
    entry,
    Buffer.from([14 << 3, 1]),
  ]);
  return replaceInitializer(inline, tensor);
}

/** Rewrites GraphProto.initializer (field 5) inside ModelProto.graph (field 7). */
function replaceInitializer(model: Uint8Array, tensor: Uint8Array): Uint8Array {
  const rebuild = (bytes: Uint8Array, number: number, replace: (body: Uint8Array) => Uint8Array): Buffer => {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const start = at;
      const [key, afterKey] = readVarint(bytes, at);
      const [value, afterValue] = readVarint(bytes, afterKey);
      const isBytes = (key & 7) === 2;
      at = isBytes ? afterValue + value : afterValue;
      const body = bytes.subarray(afterValue, at);
      if (isBytes && key >> 3 === number) {
        const next = replace(body);
        parts.push(varint(key), varint(next.length), next);
      } else parts.push(bytes.subarray(start, at));
    }
    return Buffer.concat(parts);
  };
  return rebuild(model, 7, (graph) => rebuild(graph, 5, () => tensor));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

function readVarint(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at];
  }
}
