import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { decodeModel } from '../../../adapters/formats/onnx/index.js';
import type { DType, Graph, Tensor, TensorData } from '../../../core/onnx/graph.js';
import { promote } from '../../../core/onnx/promote.js';
import { specialise } from '../../../core/onnx/specialise.js';
import { float32, numbersOf, scalar, sizeOf } from '../../../core/onnx/tensor.js';
import { hasShared, sharedDir } from '../../support/paths.js';
import { graphOf, image, op } from './support/graphs.js';
import type { GraphParts } from './support/graphs.js';

const dims = [1, 2, 2, 3];
const sample = Array.from({ length: sizeOf(dims) }, (_, i) => (i * 23) % 256);

test('half, brain and double floats become float32', () => {
  const graph = promote(
    graphOf({
      inputs: [image(dims, 'float16')],
      outputs: ['y'],
      nodes: [
        op('Cast', 'x', 'a', { to: 11 }),
        op('Mul', 'a, w', 'b'),
        op('Cast', 'b', 'c', { to: 10 }),
        op('Add', 'c, h', 'y'),
      ],
      initializers: {
        w: { dtype: 'float64', dims: [3], data: Float64Array.of(1 / 3, -1.7976931348623157e308, Infinity) },
        h: { dtype: 'float16', dims: [1], data: Uint16Array.of(0x3e00) },
      },
    }),
  );
  assert.equal(graph.inputs[0]!.dtype, 'float32');
  assert.deepEqual(graph.initializers.get('h'), float32([1], [1.5]));
  assert.deepEqual(graph.initializers.get('w'), float32([3], [1 / 3, -3.4028234663852886e38, Infinity]));
  const { graph: fixed } = specialise(graph, new Map([['x', dims]]), ['y']);
  assert.deepEqual(
    fixed.nodes.map((node) => node.op),
    ['Mul', 'Add'],
  );
});

test('branches and constants inside them are promoted, integers are not', () => {
  const branch = graphOf({
    nodes: [
      op('Constant', '', 'k', { value: { dtype: 'float64', dims: [], data: Float64Array.of(2) } }),
      op('Mul', 'x, k', 'z'),
    ],
    outputs: ['z'],
  });
  const graph = promote(
    graphOf({
      inputs: [image(dims, 'float64')],
      nodes: [op('If', 'flag', 'y', { then_branch: branch, else_branch: branch }), op('Cast', 'y', 'i', { to: 7 })],
      initializers: { flag: { dtype: 'bool', dims: [], data: Uint8Array.of(1) } },
    }),
  );
  const { types } = specialise(graph, new Map([['x', dims]]), ['y', 'i']);
  assert.deepEqual([types.get('y')!.dtype, types.get('i')!.dtype], ['float32', 'int64']);
});

test('an integer image becomes float32 and its first Cast vanishes', () => {
  const parts = {
    nodes: [op('Transpose', 'x', 't', { perm: [0, 3, 1, 2] }), op('Cast', 't', 'f', { to: 1 }), op('Relu', 'f', 'y')],
  };
  const { graph } = promotedImage(parts);
  assert.deepEqual(
    graph.nodes.map((node) => node.op),
    ['Transpose', 'Relu'],
  );
});

test('only the image is touched', () => {
  const graph = promote(graphOf({ inputs: [image(dims, 'uint8'), image([2], 'int64', 'other')] }), 'x');
  assert.deepEqual(
    graph.inputs.map(({ dtype }) => dtype),
    ['float32', 'int64'],
  );
  assert.equal(promote(graphOf({ inputs: [image(dims, 'uint8')] })).inputs[0]!.dtype, 'uint8');
});

const uint8 = (value: number): Tensor => ({ dtype: 'uint8', dims: [], data: Uint8Array.of(value) });
const int32 = (value: number): Tensor => ({ dtype: 'int32', dims: [], data: Int32Array.of(value) });

const integerFronts: Readonly<Record<string, GraphParts>> = {
  'Cast to float': {
    nodes: [op('Cast', 'x', 'f', { to: 1 }), op('Div', 'f, s', 'y')],
    initializers: { s: scalar(255) },
  },
  'a wider integer first, then arithmetic': {
    nodes: [
      op('Cast', 'x', 'i', { to: 6 }),
      op('Sub', 'i, m', 'j'),
      op('Cast', 'j', 'f', { to: 1 }),
      op('Mul', 'f, s', 'y'),
    ],
    initializers: { m: int32(128), s: scalar(0.5) },
  },
  DequantizeLinear: {
    nodes: [op('DequantizeLinear', 'x, s, z', 'y')],
    initializers: { s: scalar(0.0078125), z: uint8(128) },
  },
  'DequantizeLinear without zero point': {
    nodes: [op('DequantizeLinear', 'x, s', 'y')],
    initializers: { s: scalar(0.5) },
  },
  'moves, an upper bound and a join': {
    nodes: [
      op('Slice', 'x, a, b, axes, steps', 'flipped'),
      op('Min', 'flipped, top', 'm'),
      op('Concat', 'm, x', 'j', { axis: 1 }),
      op('Cast', 'j', 'y', { to: 1 }),
    ],
    initializers: {
      a: int64Of(-1),
      b: int64Of(-100),
      axes: int64Of(3),
      steps: int64Of(-1),
      top: uint8(100),
    },
  },
};

function int64Of(value: number): Tensor {
  return { dtype: 'int64', dims: [1], data: BigInt64Array.of(BigInt(value)) };
}

for (const [name, parts] of Object.entries(integerFronts)) {
  test(`a model that starts with ${name} computes the same on whole numbers`, async () => {
    const original = withOutput(graphOf({ inputs: [image(dims, 'uint8')], ...parts }));
    const expected = await run(original, { dtype: 'uint8', dims, data: Uint8Array.from(sample) });
    const { graph } = promotedImage(parts);
    assert.ok(!graph.nodes.some((node) => node.op === 'Cast'));
    assert.deepEqual(numbersOf(await run(graph, float32(dims, sample))), numbersOf(expected));
  });
}

test('arithmetic in bytes is refused by name', () => {
  const parts = { nodes: [op('Sub', 'x, m', 'y')], initializers: { m: uint8(128) } };
  assert.throws(() => promotedImage(parts), { code: 'model-unsupported-op', message: /"y" \(Sub\).*uint8/ });
});

test('a Cast that would wrap around is kept', () => {
  const { graph } = promotedImage({ nodes: [op('Cast', 'x', 'i', { to: 3 }), op('Cast', 'i', 'y', { to: 1 })] });
  assert.deepEqual(
    graph.nodes.map((node) => node.op),
    ['Cast', 'Cast'],
  );
});

for (const [file, dtype] of [
  ['resnet10-uint8.legacy17', 'uint8'],
  ['resnet10-uint8.dynamo18', 'uint8'],
  ['resnet10-fp16.legacy17', 'float16'],
  ['resnet10-fp16.dynamo18', 'float16'],
] as const) {
  const skip = hasShared ? false : 'no shared data on this machine';
  test(`${file} computes the same after promotion`, { skip }, async () => {
    const original = decodeModel(readFileSync(join(sharedDir, 'ops-zoo', 'models', `${file}.onnx`)), { file });
    const shape = original.inputs[0]!.dims!.map((dim, axis) => (axis === 0 ? 2 : (dim as number)));
    const values = Array.from({ length: sizeOf(shape) }, (_, i) => (i * 37) % 256);
    const isImage = original.inputs[0]!.dtype === 'uint8';
    const expected = numbersOf(
      await run(original, tensor(original.inputs[0]!.dtype, shape, isImage ? values : values.map(unit))),
    );
    const promoted = promote(original, original.inputs[0]!.name);
    const actual = numbersOf(await run(promoted, float32(shape, isImage ? values : values.map(unit))));
    const scale = Math.max(...expected.map(Math.abs));
    const tolerance = dtype === 'float16' ? 0.02 : 1e-5;
    actual.forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]!) <= tolerance * scale, `${value}, ${expected[i]}`);
    });
  });
}

/** Exact in float16. */
const unit = (pixel: number) => (pixel - 128) / 64;

function tensor(dtype: DType, shape: readonly number[], values: readonly number[]): Tensor {
  if (dtype === 'float32') return float32(shape, values);
  const data: TensorData = dtype === 'uint8' ? Uint8Array.from(values) : Uint16Array.from(values, float16Bits);
  return { dtype, dims: shape, data };
}

/** For normal numbers that float16 holds exactly. */
function float16Bits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((Math.abs(value) / 2 ** exponent - 1) * 1024);
}

function promotedImage(parts: GraphParts) {
  const graph = promote(graphOf({ inputs: [image(dims, 'uint8')], ...parts }), 'x');
  return specialise(graph, new Map([['x', dims]]), ['y']);
}

function withOutput(graph: Graph): Graph {
  return { ...graph, outputs: [{ name: 'y', dtype: 'float32', dims: undefined }] };
}

async function run(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await createOnnxruntimeEngine({ provider: 'cpu' }).load(graph);
  try {
    const results = await session.run(new Map([[graph.inputs[0]!.name, x]]));
    return [...results.values()][0]!;
  } finally {
    await session.dispose();
  }
}
