import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { dequantise } from '../../../core/onnx/dequantise.js';
import type { DType, Graph, Tensor } from '../../../core/onnx/graph.js';
import { numbersOf, scalar, sizeOf } from '../../../core/onnx/tensor.js';
import { node } from '../../support/gradient-case.js';
import { newRandom } from '../../support/random.js';

const engine = createOnnxruntimeEngine({ provider: 'cpu' });
const random = newRandom(7);

type Attributes = Parameters<typeof node>[3];

interface Case {
  readonly op: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes?: Attributes;
  readonly result: DType;
}

const u8 = (...dims: number[]): Tensor => integers('uint8', dims, 0, 256);
const i8 = (...dims: number[]): Tensor => integers('int8', dims, -127, 128);
const i32 = (...dims: number[]): Tensor => integers('int32', dims, -2000, 2000);
const zero = (value: number): Tensor => ({ dtype: 'uint8', dims: [], data: Uint8Array.of(value) });
const zeros = (length: number): Tensor => ({ dtype: 'int8', dims: [length], data: new Int8Array(length) });
const scales = (length: number, of: number): Tensor => ({
  dtype: 'float32',
  dims: [length],
  data: Float32Array.from({ length }, () => of * random.uniform(0.5, 1.5)),
});

const image = u8(2, 4, 6, 6);
const operand = [image, scalar(0.02), zero(120)];

const cases: Readonly<Record<string, Case>> = {
  'a convolution with a scale per channel, padding and bias': {
    op: 'QLinearConv',
    inputs: [...operand, i8(8, 4, 3, 3), scales(8, 0.01), zeros(8), scalar(0.05), zero(130), i32(8)],
    attributes: { pads: [1, 1, 1, 1], strides: [2, 2] },
    result: 'uint8',
  },
  'a grouped convolution with one scale': {
    op: 'QLinearConv',
    inputs: [...operand, i8(4, 1, 3, 3), scalar(0.01), { ...zeros(1), dims: [] }, scalar(0.02), zero(0)],
    attributes: { group: 4 },
    result: 'uint8',
  },
  'a matrix product with a scale per column': {
    op: 'QLinearMatMul',
    inputs: [u8(2, 3, 5), scalar(0.02), zero(128), i8(5, 4), scales(4, 0.01), zeros(4), scalar(0.02), zero(128)],
    result: 'uint8',
  },
  'a dense layer with a float result': {
    op: 'com.microsoft.QGemm',
    inputs: [u8(2, 5), scalar(0.02), zero(128), i8(4, 5), scales(4, 0.01), zeros(4), i32(4)],
    attributes: { transB: 1, alpha: { float: 0.5 } },
    result: 'float32',
  },
  'a dense layer with a quantised result': {
    op: 'com.microsoft.QGemm',
    inputs: [
      u8(2, 5),
      scalar(0.02),
      zero(9),
      i8(5, 4),
      scalar(0.01),
      { ...zeros(1), dims: [] },
      i32(4),
      scalar(0.05),
      zero(99),
    ],
    result: 'uint8',
  },
  'whole numbers of dynamic quantisation': {
    op: 'MatMulInteger',
    inputs: [u8(2, 300), i8(300, 4), zero(120), { ...zeros(1), dims: [] }],
    result: 'int32',
  },
  'whole numbers of dynamic quantisation, in windows': {
    op: 'ConvInteger',
    inputs: [image, u8(3, 4, 3, 3), zero(120), zero(100)],
    attributes: { pads: [0, 0, 0, 0] },
    result: 'int32',
  },
  'a sum that broadcasts': {
    op: 'com.microsoft.QLinearAdd',
    inputs: [...operand, u8(1, 4, 1, 1), scalar(0.03), zero(7), scalar(0.05), zero(110)],
    result: 'uint8',
  },
  'a product': {
    op: 'com.microsoft.QLinearMul',
    inputs: [...operand, u8(2, 4, 6, 6), scalar(0.03), zero(7), scalar(0.1), zero(110)],
    result: 'uint8',
  },
  'parts with scales of their own': {
    op: 'com.microsoft.QLinearConcat',
    inputs: [scalar(0.03), zero(100), ...operand, u8(2, 1, 6, 6), scalar(0.01), zero(3)],
    attributes: { axis: 1 },
    result: 'uint8',
  },
  'an average pool': {
    op: 'com.microsoft.QLinearAveragePool',
    inputs: [...operand, scalar(0.015), zero(120)],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    result: 'uint8',
  },
  'a global average pool': {
    op: 'com.microsoft.QLinearGlobalAveragePool',
    inputs: [...operand, scalar(0.005), zero(128)],
    result: 'uint8',
  },
  'a leaky ReLU': {
    op: 'com.microsoft.QLinearLeakyRelu',
    inputs: [...operand, scalar(0.02), zero(30)],
    attributes: { alpha: { float: 0.2 } },
    result: 'uint8',
  },
  'a sigmoid': {
    op: 'com.microsoft.QLinearSigmoid',
    inputs: [...operand, scalar(1 / 256), zero(0)],
    result: 'uint8',
  },
  'a softmax': {
    op: 'com.microsoft.QLinearSoftmax',
    inputs: [u8(2, 10), scalar(0.02), zero(120), scalar(1 / 256), zero(0)],
    attributes: { axis: 1, opset: 13 },
    result: 'uint8',
  },
};

for (const [title, each] of Object.entries(cases)) {
  test(`${each.op}: ${title} is within a quantum of ONNX Runtime's integers`, async () => {
    const original = graphOf(each);
    const float = dequantise(original);
    assert.ok(float.nodes.every(({ domain, op }) => domain === '' && !/^Q(Linear|Gemm)/.test(op)));
    const isInteger = each.result === 'int32';
    const asFloat = isInteger ? { ...float, outputs: [{ ...float.outputs[0]!, dtype: 'float32' as const }] } : float;
    const [expected, found] = [await run(original, each), await run(asFloat, each)];
    assert.ok(new Set(expected).size > 2, 'the case says nothing');
    const tolerance = { float32: 1e-5, int32: 0 }[each.result as string] ?? 1;
    const differences = expected.map((value, i) => Math.abs(value - found[i]!));
    assert.equal(found.length, expected.length);
    assert.ok(Math.max(...differences) <= tolerance, `${Math.max(...differences)}`);
    const off = differences.filter((difference) => difference > 1e-5).length;
    assert.ok(off <= 0.02 * expected.length, `${off} of ${expected.length} are off`);
  });
}

test('channels at the end, and models without quantised operators, stay as they are', () => {
  const { inputs, result } = cases['a global average pool']!;
  const last = graphOf({
    op: 'com.microsoft.QLinearGlobalAveragePool',
    inputs,
    result,
    attributes: { channels_last: 1 },
  });
  assert.equal(dequantise(last), last);
  const plain = { ...last, nodes: [node('Relu', ['in0'], ['y'])] };
  assert.equal(dequantise(plain), plain);
});

function integers(dtype: 'uint8' | 'int8' | 'int32', dims: readonly number[], from: number, to: number): Tensor {
  const values = Array.from({ length: sizeOf(dims) }, () => from + random.below(to - from));
  const kinds = { uint8: Uint8Array, int8: Int8Array, int32: Int32Array };
  return { dtype, dims, data: kinds[dtype].from(values) };
}

/** The first integers are fed, the rest is constant. */
function fedIndex({ inputs }: Case): number {
  return inputs.findIndex((input) => input !== undefined && input.dims.length > 0 && input.dtype === 'uint8');
}

function graphOf(each: Case): Graph {
  const fed = fedIndex(each);
  const names = each.inputs.map((input, i) => (input ? `in${i}` : ''));
  return {
    name: 'quantised',
    irVersion: 8,
    producer: 'test',
    opsets: new Map([
      ['', 13],
      ['com.microsoft', 1],
    ]),
    inputs: [{ name: names[fed]!, dtype: 'uint8', dims: each.inputs[fed]!.dims }],
    outputs: [{ name: 'y', dtype: each.result, dims: undefined }],
    nodes: [node(each.op, names, ['y'], each.attributes)],
    initializers: new Map(each.inputs.flatMap((input, i) => (input && i !== fed ? [[names[i]!, input] as const] : []))),
    metadata: new Map(),
  };
}

async function run(graph: Graph, each: Case): Promise<number[]> {
  const session = await engine.load(graph);
  try {
    const fed = fedIndex(each);
    return numbersOf((await session.run(new Map([[`in${fed}`, each.inputs[fed]!]]))).get('y')!);
  } finally {
    await session.dispose();
  }
}
