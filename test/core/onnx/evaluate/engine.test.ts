import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createOnnxruntimeEngine } from '../../../../adapters/engines/onnxruntime/index.js';
import { newBudget } from '../../../../core/onnx/evaluate/budget.js';
import { evaluate } from '../../../../core/onnx/evaluate/index.js';
import type { DType, Tensor } from '../../../../core/onnx/graph.js';
import { bool, float32, int64, ints, numbersOf, sizeOf } from '../../../../core/onnx/tensor.js';
import { callOf } from '../support/calls.js';
import type { AttributeValue } from '../support/calls.js';
import { emptyGraph, graphOf } from '../support/graphs.js';

/** One random node: what it is and the constants it reads. */
interface Sample {
  readonly op: string;
  readonly operands: readonly Tensor[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly outputs?: number;
}

const engine = createOnnxruntimeEngine({ provider: 'cpu', graphOptimization: 'disabled' });

/** Runs the node in ONNX Runtime with its constants as inputs and compares all outputs. */
async function agrees({ op, operands, attributes, outputs = 1 }: Sample): Promise<void> {
  const call = callOf(op, operands, attributes, { opset: 18, outputs });
  const folded = evaluate(call, newBudget(emptyGraph()));
  if (folded === undefined) {
    fc.pre(false);
    return;
  }
  const { node } = call;
  const graph = {
    ...graphOf({
      opset: 18,
      nodes: [node],
      inputs: operands.map(({ dtype, dims }, i) => ({ name: node.inputs[i]!, dtype, dims })),
    }),
    outputs: node.outputs.map((name, i) => ({ name, dtype: folded[i]!.dtype, dims: undefined })),
  };
  const session = await engine.load(graph);
  try {
    const expected = await session.run(new Map(operands.map((tensor, i) => [node.inputs[i]!, tensor])));
    node.outputs.forEach((name, i) => {
      assertSame(folded[i]!, expected.get(name)!);
    });
  } finally {
    await session.dispose();
  }
}

/** Integers exactly, floats to a few units in the last place. */
function assertSame(actual: Tensor, expected: Tensor): void {
  assert.deepEqual([actual.dtype, actual.dims], [expected.dtype, expected.dims]);
  if (actual.dtype !== 'float32') {
    assert.deepEqual(actual.data, expected.data);
    return;
  }
  const right = numbersOf(expected);
  numbersOf(actual).forEach((value, i) => {
    const close = Math.abs(value - right[i]!) <= 2e-6 * Math.max(1, Math.abs(right[i]!));
    assert.ok(close || value === right[i] || (Number.isNaN(value) && Number.isNaN(right[i])), `${value}, ${right[i]}`);
  });
}

const shape = (rank = 3) => fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: rank });
const whole = fc.integer({ min: -9, max: 9 });
const dtypes = ['float32', 'int64', 'int32'] as const;

function tensorOf(dims: readonly number[], dtype: DType = 'float32'): fc.Arbitrary<Tensor> {
  const values = fc.array(whole, { minLength: sizeOf(dims), maxLength: sizeOf(dims) });
  if (dtype === 'int64') return values.map((list) => int64(dims, list));
  if (dtype === 'int32') return values.map((list) => ({ dtype, dims, data: Int32Array.from(list) }));
  if (dtype === 'bool')
    return values.map((list) =>
      bool(
        dims,
        list.map((value) => Number(value > 0)),
      ),
    );
  return values.map((list) =>
    float32(
      dims,
      list.map((value) => value / 4),
    ),
  );
}

/** The shape itself, or one that broadcasts to it. */
const broadcastable = (dims: readonly number[]) =>
  fc
    .tuple(fc.integer({ min: 0, max: dims.length }), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
    .map(([skip, ones]) => dims.slice(skip).map((dim, i) => (ones[i] ? 1 : dim)));

const pair = (ops: readonly string[], types: readonly DType[]): fc.Arbitrary<Sample> =>
  fc.tuple(fc.constantFrom(...ops), fc.constantFrom(...types), shape()).chain(([op, dtype, dims]) =>
    fc
      .tuple(
        tensorOf(dims, dtype),
        broadcastable(dims).chain((other) => tensorOf(other, dtype)),
        fc.boolean(),
      )
      .map(([a, b, swap]) => ({ op, operands: swap ? [b, a] : [a, b], attributes: {} })),
  );

const unary = (ops: readonly string[], types: readonly DType[]): fc.Arbitrary<Sample> =>
  fc
    .tuple(fc.constantFrom(...ops), fc.constantFrom(...types), shape())
    .chain(([op, dtype, dims]) => tensorOf(dims, dtype).map((a) => ({ op, operands: [a], attributes: {} })));

/** A tensor with at least one axis, and one of its axes, counted from either end. */
const withAxis = (dtype: DType = 'float32') =>
  shape()
    .filter((dims) => dims.length > 0)
    .chain((dims) => fc.tuple(tensorOf(dims, dtype), fc.integer({ min: -dims.length, max: dims.length - 1 })));

const samples: Readonly<Record<string, fc.Arbitrary<Sample>>> = {
  arithmetic: pair(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'], dtypes),
  Mod: pair(['Mod'], ['int64', 'int32']),
  comparisons: pair(['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'], dtypes),
  logic: pair(['And', 'Or', 'Xor', 'Equal'], ['bool']),
  'float functions': unary(
    ['Sqrt', 'Floor', 'Ceil', 'Round', 'Reciprocal', 'Exp', 'Log', 'Erf', 'Sigmoid', 'Tanh', 'Sin', 'Cos'],
    ['float32'],
  ),
  'signed functions': unary(['Neg', 'Abs', 'Sign'], dtypes),
  Cast: fc
    .tuple(fc.constantFrom(...dtypes, 'bool' as const), fc.constantFrom(1, 2, 3, 6, 7, 9, 11), shape())
    .chain(([dtype, to, dims]) =>
      tensorOf(dims, dtype).map((a) => ({ op: 'Cast', operands: [a], attributes: { to } })),
    ),
  Where: shape().chain((dims) =>
    fc
      .tuple(broadcastable(dims), broadcastable(dims))
      .chain(([one, two]) => fc.tuple(tensorOf(one, 'bool'), tensorOf(dims), tensorOf(two)))
      .map((operands) => ({ op: 'Where', operands, attributes: {} })),
  ),
  Transpose: shape().chain((dims) =>
    fc
      .tuple(tensorOf(dims), fc.shuffledSubarray([...dims.keys()], { minLength: dims.length }))
      .map(([a, perm]) => ({ op: 'Transpose', operands: [a], attributes: dims.length === 0 ? {} : { perm } })),
  ),
  Slice: withAxis().chain(([a, axis]) =>
    fc
      .tuple(whole, fc.oneof(whole, fc.constantFrom(2 ** 62, -(2 ** 62))), fc.constantFrom(1, 2, -1, -3))
      .map(([start, end, step]) => ({
        op: 'Slice',
        operands: [a, ints(start), ints(end), ints(axis), ints(step)],
        attributes: {},
      })),
  ),
  Tile: shape().chain((dims) =>
    fc
      .tuple(
        tensorOf(dims),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: dims.length, maxLength: dims.length }),
      )
      .map(([a, repeats]) => ({ op: 'Tile', operands: [a, ints(...repeats)], attributes: {} })),
  ),
  Expand: shape().chain((dims) =>
    broadcastable(dims)
      .chain((small) => tensorOf(small))
      .map((a) => ({ op: 'Expand', operands: [a, ints(...dims)], attributes: {} })),
  ),
  Pad: shape()
    .filter((dims) => dims.length > 0)
    .chain((dims) =>
      fc
        .tuple(tensorOf(dims), fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 }))
        .map(([a, pads]) => ({
          op: 'Pad',
          operands: [a, ints(...pads.slice(0, 2 * dims.length)), float32([], [7])],
          attributes: {},
        })),
    ),
  Gather: withAxis('int64').chain(([a, axis]) => {
    const dim = a.dims.at(axis)!;
    return fc
      .array(fc.integer({ min: -dim, max: dim - 1 }), { maxLength: 4 })
      .map((indices) => ({ op: 'Gather', operands: [a, ints(...indices)], attributes: { axis } }));
  }),
  CumSum: withAxis().chain(([a, axis]) =>
    fc.tuple(fc.boolean(), fc.boolean()).map(([exclusive, reverse]) => ({
      op: 'CumSum',
      operands: [a, ints(axis)],
      attributes: { exclusive: Number(exclusive), reverse: Number(reverse) },
    })),
  ),
  reductions: fc
    .tuple(
      fc.constantFrom('ReduceSum', 'ReduceProd', 'ReduceMax', 'ReduceMin', 'ReduceMean', 'ReduceL1', 'ReduceL2'),
      fc.boolean(),
      withAxis(),
    )
    .map(([op, keep, [a, axis]]) => ({ op, operands: [a, ints(axis)], attributes: { keepdims: Number(keep) } })),
  'ArgMax and ArgMin': fc
    .tuple(fc.constantFrom('ArgMax', 'ArgMin'), fc.boolean(), withAxis())
    .map(([op, last, [a, axis]]) => ({ op, operands: [a], attributes: { axis, select_last_index: Number(last) } })),
  TopK: fc.tuple(withAxis(), fc.boolean()).chain(([[a, axis], largest]) =>
    fc.integer({ min: 1, max: a.dims.at(axis)! }).map((k) => ({
      op: 'TopK',
      operands: [a, ints(k)],
      attributes: { axis, largest: Number(largest) },
      outputs: 2,
    })),
  ),
  Trilu: shape()
    .filter((dims) => dims.length > 1)
    .chain((dims) =>
      fc.tuple(tensorOf(dims), fc.integer({ min: -3, max: 3 }), fc.boolean()).map(([a, k, upper]) => ({
        op: 'Trilu',
        operands: [a, int64([], [k])],
        attributes: { upper: Number(upper) },
      })),
    ),
  NonZero: shape()
    .filter((dims) => dims.length > 0)
    .chain((dims) => tensorOf(dims, 'bool').map((a) => ({ op: 'NonZero', operands: [a], attributes: {} }))),
  MatMul: fc
    .tuple(
      shape(1),
      fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    )
    .chain(([batch, [m, k, n]]) =>
      fc
        .tuple(tensorOf([...batch, m, k]), tensorOf([k, n]))
        .map((operands) => ({ op: 'MatMul', operands, attributes: {} })),
    ),
};

for (const [name, sample] of Object.entries(samples)) {
  test(`${name}: a folded value is what onnxruntime computes`, async () => {
    await fc.assert(fc.asyncProperty(sample, agrees), { numRuns: 40 });
  });
}
