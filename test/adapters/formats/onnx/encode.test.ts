import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { toOrtTensor } from '../../../../adapters/engines/onnxruntime/tensors.js';
import { decodeModel } from '../../../../adapters/formats/onnx/decode.js';
import { encodeModel } from '../../../../adapters/formats/onnx/encode.js';
import { readModel } from '../../../../adapters/formats/index.js';
import type { Attribute, Graph, Tensor } from '../../../../core/onnx/graph.js';
import { bool, float32, int64, scalar } from '../../../../core/onnx/tensor.js';
import { graphWith, nodeOf, scanError, tensorsOf, valueOf } from '../../../support/graphs.js';
import { hasShared, repoRoot, sharedDir } from '../../../support/paths.js';

const folders = [
  join(repoRoot, 'examples/models'),
  ...(hasShared ? ['ops-zoo', 'zoo'].map((zoo) => join(sharedDir, zoo, 'models')) : []),
];
const files = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => join(folder, name)),
);

/** All but the IR version, which encoding lifts to what engines expect. */
const meaning = (graph: Graph): unknown => ({ ...graph, irVersion: 0 });

describe('a model survives being written and read', () => {
  for (const file of files) {
    test(file.split('/').slice(-3).join('/'), async () => {
      const { graph } = await readModel(file);
      assert.deepEqual(meaning(decodeModel(encodeModel(graph))), meaning(graph));
    });
  }

  test('any graph does: attributes, tensors, shapes, text', () => {
    const text = fc.string({ unit: 'binary' });
    const floats = fc.array(fc.float());
    const whole = fc.maxSafeInteger();
    const attribute: fc.Arbitrary<Attribute> = fc.oneof(
      fc.float().map((value) => ({ type: 'float', value }) as const),
      whole.map((value) => ({ type: 'int', value }) as const),
      text.map((value) => ({ type: 'string', value }) as const),
      floats.map((value) => ({ type: 'floats', value }) as const),
      fc.array(whole).map((value) => ({ type: 'ints', value }) as const),
      fc.array(text).map((value) => ({ type: 'strings', value }) as const),
      floats.map((values) => ({ type: 'tensor', value: float32([values.length], values) }) as const),
    );
    const tensor: fc.Arbitrary<Tensor> = fc.oneof(
      floats.map((values) => float32([1, values.length], values)),
      fc.array(whole).map((values) => int64([values.length, 1], values)),
      fc.array(fc.integer({ min: 0, max: 1 })).map((values) => bool([values.length], values)),
      fc.uint8Array().map((data) => ({ dtype: 'uint8', dims: [data.length], data }) as const),
      fc.uint16Array().map((data) => ({ dtype: 'float16', dims: [data.length], data }) as const),
      fc.array(text).map((data) => ({ dtype: 'string', dims: [data.length], data }) as const),
    );
    const dims = fc.option(fc.array(fc.oneof(fc.nat(), fc.constantFrom('N', 'H'), fc.constant(null))), {
      nil: undefined,
    });
    fc.assert(
      fc.property(fc.dictionary(text, attribute), tensor, dims, text, (attributes, w, shape, note) => {
        const graph = graphWith({
          inputs: [valueOf('x', shape)],
          outputs: [valueOf('y', shape)],
          nodes: [nodeOf('Op', ['x', '', 'w'], ['y'], attributes, { domain: 'd', name: 'n' })],
          initializers: tensorsOf({ w }),
          metadata: new Map([['note', note]]),
        });
        assert.deepEqual(meaning(decodeModel(encodeModel(graph))), meaning(graph));
      }),
    );
  });
});

describe('ONNX Runtime', () => {
  const chosen = files.filter((file) =>
    /(digits-clean|alexnet-small\.legacy17|extdata|nhwc-softmax|fp16\.dynamo|uint8\.legacy|legacy9|legacy11)/.test(
      file,
    ),
  );
  for (const file of chosen) {
    test(`gives the same scores for ${file.split('/').at(-1)} and what is written from it`, async () => {
      const { graph } = await readModel(file);
      const [original, written] = await Promise.all([scores(file, graph), scores(encodeModel(graph), graph)]);
      assert.deepEqual(written, original);
      assert.ok(new Set(original).size > 1, 'constant scores would prove nothing');
    });
  }

  test('loads branches whose outputs have another type than float32', async () => {
    const branch = (op: string): Attribute => ({
      type: 'graph',
      value: graphWith({ outputs: [valueOf('b', undefined)], nodes: [nodeOf(op, ['x'], ['b'])] }),
    });
    const graph = graphWith({
      inputs: [valueOf('x', ['N', 2])],
      outputs: [valueOf('y', ['k'], 'int64')],
      nodes: [nodeOf('If', ['flag'], ['y'], { then_branch: branch('Shape'), else_branch: branch('Shape') })],
      initializers: tensorsOf({ flag: bool([], [1]) }),
    });
    // Names inside the two branches may repeat: they are separate scopes.
    assert.deepEqual(await scores(encodeModel(graph), graph), [1n, 2n]);
  });

  async function scores(model: string | Uint8Array, graph: Graph): Promise<unknown[]> {
    const options = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;
    const session =
      typeof model === 'string'
        ? await ort.InferenceSession.create(model, options)
        : await ort.InferenceSession.create(model, options);
    try {
      const [input] = graph.inputs;
      const dims = input!.dims!.map((dim) => (typeof dim === 'number' ? dim : 1));
      const size = dims.reduce((a, b) => a * b);
      const ramp = Array.from({ length: size }, (_, i) => (i * 37) % 256);
      const data =
        input!.dtype === 'uint8'
          ? Uint8Array.from(ramp)
          : input!.dtype === 'float16'
            ? Uint16Array.from(ramp, (value) => 0x3000 + value)
            : Float32Array.from(ramp, (value) => value / 255);
      const feed = toOrtTensor(ort, input!.name, { dtype: input!.dtype, dims, data });
      const results = await session.run({ [input!.name]: feed });
      return Array.from(results[graph.outputs[0]!.name]!.data as Float32Array);
    } finally {
      await session.release();
    }
  }
});

test('"to the end" survives: integers beyond 2^53 stay on their side of zero', () => {
  const ends: Attribute = { type: 'ints', value: [2 ** 63, -(2 ** 63), 2 ** 60] };
  const graph = graphWith({
    inputs: [valueOf('x', [1])],
    nodes: [nodeOf('Slice', ['x'], ['y'], { ends, end: { type: 'int', value: 2 ** 63 } })],
  });
  const attributes = decodeModel(encodeModel(graph)).nodes[0]?.attributes;
  assert.deepEqual(attributes?.get('ends'), ends);
  assert.deepEqual(attributes.get('end'), { type: 'int', value: 2 ** 63 });
});

test('a tensor that is a view into a larger buffer is written alone', () => {
  const whole = Float32Array.of(1, 2, 3, 4);
  const graph = graphWith({ initializers: tensorsOf({ w: float32([2], whole.subarray(1, 3)) }) });
  assert.deepEqual(decodeModel(encodeModel(graph)).initializers.get('w')?.data, Float32Array.of(2, 3));
});

test('a program above the largest protobuf message is refused before anything is allocated', () => {
  const quarter = float32([2 ** 27], new Float32Array(2 ** 27));
  const four = { a: quarter, b: quarter, c: quarter, d: quarter };
  assert.throws(() => encodeModel(graphWith({ initializers: tensorsOf(four) })), scanError('model-too-large', /2 GiB/));
});

test('engines get an IR version they know, and a name', () => {
  for (const [irVersion, written] of [
    [3, 8],
    [9, 9],
    [13, 10],
  ] as const) {
    const graph = decodeModel(
      encodeModel(graphWith({ irVersion, name: '', initializers: tensorsOf({ s: scalar(1) }) })),
    );
    assert.deepEqual([graph.irVersion, graph.name], [written, 'graph']);
  }
});
