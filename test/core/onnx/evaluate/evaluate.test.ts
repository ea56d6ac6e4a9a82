import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { DType, Tensor } from '../../../../core/onnx/graph.js';
import { newBudget } from '../../../../core/onnx/evaluate/budget.js';
import { erf, roundHalfEven } from '../../../../core/onnx/evaluate/functions.js';
import { evaluate } from '../../../../core/onnx/evaluate/index.js';
import { float32, int64, ints, scalar } from '../../../../core/onnx/tensor.js';
import { callOf } from '../support/calls.js';
import type { AttributeValue, CallOptions, Operand } from '../support/calls.js';
import { emptyGraph } from '../support/graphs.js';

type Row = readonly [
  op: string,
  operands: readonly (Tensor | null)[],
  attributes: Readonly<Record<string, AttributeValue>>,
  expected: readonly Tensor[] | undefined,
  options?: CallOptions,
];

const f = (...values: number[]) => float32([values.length], values);
const bools = (...values: number[]): Tensor => ({
  dtype: 'bool',
  dims: [values.length],
  data: Uint8Array.from(values),
});
const int32 = (...values: number[]): Tensor => ({
  dtype: 'int32',
  dims: [values.length],
  data: Int32Array.from(values),
});
const uint8 = (...values: number[]): Tensor => ({
  dtype: 'uint8',
  dims: [values.length],
  data: Uint8Array.from(values),
});
const int8 = (...values: number[]): Tensor => ({ dtype: 'int8', dims: [values.length], data: Int8Array.from(values) });
const text = (...values: string[]): Tensor => ({ dtype: 'string', dims: [values.length], data: values });
const big = (...values: bigint[]): Tensor => ({
  dtype: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values),
});
const count6 = float32([2, 3], [1, 2, 3, 4, 5, 6]);

function run(op: string, operands: readonly Operand[], attributes = {}, options: CallOptions = {}) {
  return evaluate(callOf(op, operands, attributes, options), newBudget(emptyGraph()));
}

/** Without the sign that a NaN has in a typed array. */
const plain = ({ dtype, dims, data }: Tensor) => ({ dtype, dims, values: Array.from<unknown>(data) });

function check(title: string, rows: readonly Row[]): void {
  test(title, () => {
    for (const [op, operands, attributes, expected, options] of rows) {
      const what = inspect([op, operands, attributes], { breakLength: Infinity });
      assert.deepEqual(run(op, operands, attributes, options)?.map(plain), expected?.map(plain), what);
    }
  });
}

check('integer arithmetic is exact and wraps around as in C', [
  ['Add', [big(2n ** 62n), big(2n ** 62n + 1n)], {}, [big(-(2n ** 63n) + 1n)]],
  ['Mul', [big(3037000500n), big(3037000500n)], {}, [big(9223372037000250000n - 2n ** 64n)]],
  ['Mul', [int32(65537), int32(65537)], {}, [int32(131073)]],
  ['Div', [ints(7, -7, 7, -7), ints(2, 2, -2, -2)], {}, [ints(3, -3, -3, 3)]],
  ['Div', [int32(7, -7), int32(-2, 2)], {}, [int32(-3, -3)]],
  ['Mod', [ints(7, -7, 7, -7, -6), ints(3, 3, -3, -3, 3)], {}, [ints(1, 2, -2, -1, 0)]],
  ['Mod', [int32(7, -7, 7), int32(3, 3, -3)], {}, [int32(1, 2, -2)]],
  ['Mod', [ints(7, -7, 7), ints(3, 3, -3)], { fmod: 1 }, [ints(1, -1, 1)]],
  ['Mod', [f(-4.5, 5.25), f(2, -3)], { fmod: 1 }, [f(-0.5, 2.25)]],
  ['Sub', [uint8(3), uint8(5)], {}, [uint8(254)]],
  ['Pow', [ints(-2, 3), ints(3, 4)], {}, [ints(-8, 81)]],
  ['Pow', [big(3n), big(2n ** 62n)], {}, [big(BigInt.asIntN(64, powMod(3n, 2n ** 62n)))]],
  ['Pow', [f(4), int32(2)], {}, [f(16)]],
  ['Abs', [ints(-3, 3)], {}, [ints(3, 3)]],
  ['Neg', [ints(-3, 3)], {}, [ints(3, -3)]],
  ['Sign', [ints(-3, 0, 9)], {}, [ints(-1, 0, 1)]],
  ['Max', [ints(1, 5), ints(3), ints(2, 2)], {}, [ints(3, 5)]],
  ['Min', [f(1, 5), f(3)], {}, [f(1, 3)]],
]);

check('float results are rounded to float32 once', [
  ['Add', [f(1), f(2 ** -24)], {}, [f(1)]],
  ['Div', [f(1, -1, 0), f(3, 0, 0)], {}, [f(1 / 3, -Infinity, NaN)]],
  ['Sqrt', [f(2, -1)], {}, [f(Math.SQRT2, NaN)]],
  ['Round', [f(0.5, 1.5, 2.5, -0.5, -1.5, 0.49999997)], {}, [f(0, 2, 2, -0, -2, 0)]],
  ['Floor', [f(-1.5)], {}, [f(-2)]],
  ['Ceil', [f(-1.5)], {}, [f(-1)]],
  ['Reciprocal', [f(4)], {}, [f(0.25)]],
  ['Sigmoid', [f(0, 200, -200)], {}, [f(0.5, 1, 0)]],
  ['Relu', [f(-1, 2, NaN)], {}, [f(0, 2, NaN)]],
  ['Clip', [f(-3, 0, 9, NaN), scalar(-1), scalar(6)], {}, [f(-1, 0, 6, NaN)]],
  ['Clip', [ints(-3, 9), int64([], [-1]), null], {}, [ints(-1, 9)]],
  ['Clip', [f(-3, 9)], { min: { float: 0 }, max: { float: 6 } }, [f(0, 6)], { opset: 6 }],
]);

check('what has no exact answer here is left to the engine', [
  ['Div', [ints(1), ints(0)], {}, undefined],
  ['Mod', [int32(1), int32(0)], {}, undefined],
  ['Pow', [ints(2), ints(-1)], {}, undefined],
  ['Cast', [f(NaN)], { to: 7 }, undefined],
  ['Cast', [f(1e19)], { to: 7 }, undefined],
  ['Cast', [f(1)], { to: 8 }, undefined],
  ['Softmax', [f(1)], {}, undefined],
  ['ReduceMax', [float32([0], [])], {}, undefined],
  ['Pad', [f(1, 2), ints(1, 1)], { mode: 'reflect' }, undefined],
]);

check('comparisons and logic', [
  ['Equal', [ints(1, 2), ints(1)], {}, [bools(1, 0)]],
  ['Equal', [text('a', 'b'), text('a')], {}, [bools(1, 0)]],
  ['Less', [f(1, NaN), f(2)], {}, [bools(1, 0)]],
  ['GreaterOrEqual', [ints(1, 2), ints(2)], {}, [bools(0, 1)]],
  ['And', [bools(1, 1), bools(1, 0)], {}, [bools(1, 0)]],
  ['Xor', [bools(1, 1), bools(1, 0)], {}, [bools(0, 1)]],
  ['Not', [bools(1, 0)], {}, [bools(0, 1)]],
  ['Where', [bools(1, 0), ints(1), ints(7, 8)], {}, [ints(1, 8)]],
]);

check('casts truncate floats, wrap integers and know truth', [
  ['Cast', [f(-1.9, 1.9)], { to: 7 }, [ints(-1, 1)]],
  ['Cast', [ints(300, -1)], { to: 2 }, [uint8(44, 255)]],
  ['Cast', [big(2n ** 40n + 5n)], { to: 6 }, [int32(5)]],
  ['Cast', [ints(0, 7)], { to: 9 }, [bools(0, 1)]],
  ['Cast', [f(0, 0.1, NaN)], { to: 9 }, [bools(0, 1, 1)]],
  ['Cast', [bools(1, 0)], { to: 1 }, [f(1, 0)]],
  ['Cast', [{ dtype: 'float16', dims: [1], data: Uint16Array.of(0x3e00) }], { to: 1 }, [f(1.5)]],
  ['CastLike', [ints(3), f(0)], {}, [f(3)]],
]);

check('moving elements', [
  ['Reshape', [count6, ints(3, -1)], {}, [{ ...count6, dims: [3, 2] }]],
  ['Squeeze', [float32([1, 2, 1], [1, 2]), ints(0)], {}, [float32([2, 1], [1, 2])]],
  ['Unsqueeze', [f(1, 2), ints(1)], {}, [float32([2, 1], [1, 2])]],
  ['Transpose', [count6], {}, [float32([3, 2], [1, 4, 2, 5, 3, 6])]],
  [
    'Transpose',
    [float32([1, 2, 3], [1, 2, 3, 4, 5, 6])],
    { perm: [2, 0, 1] },
    [float32([3, 1, 2], [1, 4, 2, 5, 3, 6])],
  ],
  ['Expand', [float32([2, 1], [1, 2]), ints(2, 2, 3)], {}, [float32([2, 2, 3], [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2])]],
  ['Tile', [float32([2, 1], [1, 2]), ints(2, 3)], {}, [float32([4, 3], [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2])]],
  ['Tile', [f(1, 2), ints(0)], {}, [float32([0], [])]],
  ['Slice', [count6, ints(2, 0), ints(-(2 ** 40), 2), ints(1, 0), ints(-2, 1)], {}, [float32([2, 2], [3, 1, 6, 4])]],
  ['Split', [f(1, 2, 3)], { num_outputs: 2 }, [f(1, 2), f(3)], { outputs: 2 }],
  ['Concat', [count6, float32([2, 1], [7, 8])], { axis: 1 }, [float32([2, 4], [1, 2, 3, 7, 4, 5, 6, 8])]],
  ['Pad', [count6, ints(0, -1, 1, 1)], {}, [float32([3, 3], [2, 3, 0, 5, 6, 0, 0, 0, 0])]],
  ['Pad', [f(1, 2), ints(2, -1), scalar(9)], {}, [f(9, 9, 1)]],
  ['Pad', [f(1, 2)], { pads: [1, 0], value: { float: 5 } }, [f(5, 1, 2)], { opset: 9 }],
  ['Pad', [f(1, 2), ints(-3, 2)], {}, [f(0)]],
  ['Trilu', [count6], { upper: 0 }, [float32([2, 3], [1, 0, 0, 4, 5, 0])]],
  ['Trilu', [count6, int64([], [1])], {}, [float32([2, 3], [0, 2, 3, 0, 0, 6])]],
  ['Gather', [count6, ints(-1, 0)], { axis: 1 }, [float32([2, 2], [3, 1, 6, 4])]],
  ['Gather', [text('a', 'b'), int64([], [1])], {}, [{ dtype: 'string', dims: [], data: ['b'] }]],
  ['GatherElements', [count6, int64([2, 2], [0, -1, 1, 0])], { axis: 1 }, [float32([2, 2], [1, 3, 5, 4])]],
  ['GatherND', [count6, int64([2, 2], [0, 1, -1, -1])], {}, [f(2, 6)]],
  ['GatherND', [count6, int64([2, 1], [2, 0])], { batch_dims: 1 }, [f(3, 4)]],
  ['ScatterND', [f(1, 2, 3), int64([2, 1], [2, 0]), f(8, 9)], {}, [f(9, 2, 8)]],
  ['ScatterND', [f(1, 2), int64([2, 1], [1, 1]), f(8, 9)], { reduction: 'add' }, [f(1, 19)]],
  ['ScatterElements', [f(1, 2, 3), ints(-1, 0), f(8, 9)], {}, [f(9, 2, 8)]],
  ['ScatterElements', [ints(5, 5), ints(0, 0), ints(3, 2)], { reduction: 'mul' }, [ints(30, 5)]],
  ['OneHot', [ints(1, -1, 7), ints(3), f(0, 5)], {}, [float32([3, 3], [0, 5, 0, 0, 0, 5, 0, 0, 0])]],
  ['OneHot', [ints(1, 0), ints(3), f(0, 5)], { axis: 0 }, [float32([3, 2], [0, 5, 5, 0, 0, 0])]],
  ['NonZero', [float32([2, 2], [0, 3, 4, 0])], {}, [int64([2, 2], [0, 1, 1, 0])]],
]);

check('making values', [
  ['Constant', [], { value_int: 3 }, [int64([], [3])]],
  ['Constant', [], { value_ints: [3, 4] }, [ints(3, 4)]],
  ['Constant', [], { value_float: { float: 0.5 } }, [scalar(0.5)]],
  ['Constant', [], { value_string: 'x' }, [{ dtype: 'string', dims: [], data: ['x'] }]],
  ['Constant', [], { value: count6 }, [count6]],
  ['ConstantOfShape', [ints(2, 1)], { value: ints(7) }, [int64([2, 1], [7, 7])]],
  ['ConstantOfShape', [ints(2)], {}, [f(0, 0)]],
  ['Range', [int64([], [5]), int64([], [0]), int64([], [-2])], {}, [ints(5, 3, 1)]],
  ['Range', [scalar(0), scalar(1), scalar(0.25)], {}, [f(0, 0.25, 0.5, 0.75)]],
  ['EyeLike', [float32([2, 3], [9, 9, 9, 9, 9, 9])], { k: 1 }, [float32([2, 3], [0, 1, 0, 0, 0, 1])]],
  ['EyeLike', [float32([3, 2], [9, 9, 9, 9, 9, 9])], { k: -1, dtype: 7 }, [int64([3, 2], [0, 0, 1, 0, 0, 1])]],
]);

check('reductions', [
  ['ReduceSum', [count6, ints(0)], { keepdims: 0 }, [f(5, 7, 9)]],
  ['ReduceProd', [ints(2, 3, 4)], { keepdims: 0 }, [int64([], [24])]],
  ['ReduceMean', [count6], { axes: [1] }, [float32([2, 1], [2, 5])], { opset: 13 }],
  ['ReduceMax', [count6, ints(-1)], {}, [float32([2, 1], [3, 6])]],
  ['ReduceMin', [ints(3, -2)], { keepdims: 0 }, [int64([], [-2])]],
  ['ReduceL2', [f(3, 4)], {}, [f(5)]],
  ['CumSum', [f(1, 2, 3), ints(0)], {}, [f(1, 3, 6)]],
  ['CumSum', [ints(1, 2, 3), ints(0)], { exclusive: 1, reverse: 1 }, [ints(5, 3, 0)]],
  ['CumSum', [count6, ints(0)], {}, [float32([2, 3], [1, 2, 3, 5, 7, 9])]],
  ['ArgMax', [f(1, 3, 3)], { keepdims: 0 }, [int64([], [1])]],
  ['ArgMax', [f(1, 3, 3)], { keepdims: 0, select_last_index: 1 }, [int64([], [2])]],
  ['ArgMin', [count6], { axis: 1 }, [int64([2, 1], [0, 0])]],
  ['TopK', [f(2, 3, 3, 1), ints(3)], {}, [f(3, 3, 2), ints(1, 2, 0)], { outputs: 2 }],
  ['TopK', [f(2, 3, 1), ints(2)], { largest: 0 }, [f(1, 2), ints(2, 0)], { outputs: 2 }],
]);

check('products', [
  ['MatMul', [count6, float32([3, 1], [1, 10, 100])], {}, [float32([2, 1], [321, 654])]],
  ['MatMul', [f(1, 2), float32([2, 2], [1, 2, 3, 4])], {}, [f(7, 10)]],
  ['MatMul', [float32([2, 1, 1], [2, 3]), float32([1, 2], [1, 10])], {}, [float32([2, 1, 2], [2, 20, 3, 30])]],
  ['MatMul', [f(1, 2), f(3, 4)], {}, [scalar(11)]],
  [
    'Gemm',
    [count6, float32([1, 3], [1, 10, 100]), scalar(5)],
    { transB: 1, beta: { float: 2 } },
    [float32([2, 1], [331, 664])],
  ],
  [
    'Gemm',
    [count6, float32([2, 1], [1, 10])],
    { transA: 1, alpha: { float: 0.5 } },
    [float32([3, 1], [20.5, 26, 31.5])],
  ],
]);

check('quantised weights', [
  ['DequantizeLinear', [int8(-3, 4), scalar(0.5), { ...int8(1), dims: [] }], {}, [f(-2, 1.5)]],
  [
    'DequantizeLinear',
    [{ ...int8(1, 2, 3, 4), dims: [2, 2] }, f(1, 10)],
    { axis: 0 },
    [float32([2, 2], [1, 2, 30, 40])],
  ],
  [
    'DequantizeLinear',
    [{ ...int8(1, 2, 3, 4), dims: [2, 2] }, f(1, 10), int8(0, 1)],
    {},
    [float32([2, 2], [1, 10, 3, 30])],
  ],
  [
    'DequantizeLinear',
    [{ ...int8(1, 2, 3), dims: [1, 3] }, float32([1, 2], [1, 10])],
    { axis: 1, block_size: 2 },
    [float32([1, 3], [1, 2, 30])],
  ],
  ['DequantizeLinear', [int32(1000), scalar(0.001)], {}, [f(1)]],
  ['QuantizeLinear', [f(-1, 0.75, 1.25, 500), scalar(0.5), { ...uint8(10), dims: [] }], {}, [uint8(8, 12, 12, 255)]],
  ['QuantizeLinear', [f(1, -500), scalar(1), { ...int8(0), dims: [] }], {}, [int8(1, -128)]],
]);

test('the shape of a value that depends on the image is a constant', () => {
  assert.deepEqual(run('Shape', [[2, 3, 4]]), [ints(2, 3, 4)]);
  assert.deepEqual(run('Shape', [[2, 3, 4]], { start: 1, end: -1 }), [ints(3)]);
  assert.deepEqual(run('Size', [[2, 3, 4]]), [int64([], [24])]);
  assert.equal(run('Add', [[2], f(1, 2)]), undefined);
});

test('an index out of range names the node', () => {
  assert.throws(() => run('Gather', [f(1, 2), ints(2)]), {
    code: 'model-malformed',
    message: /under_test.*element 2 of 2/,
  });
  assert.throws(() => run('GatherND', [f(1, 2), int64([1, 1], [-3])]), { code: 'model-malformed' });
  assert.throws(() => run('ScatterElements', [f(1), ints(1), f(1)]), { code: 'model-malformed' });
});

test('a model cannot make the scanner allocate more than its size justifies', () => {
  const grow = callOf('ConstantOfShape', [ints(2 ** 26)]);
  const budget = newBudget(emptyGraph());
  evaluate(callOf('ConstantOfShape', [ints(2 ** 20)]), budget);
  assert.throws(() => evaluate(grow, budget), { code: 'model-too-large', message: /under_test/ });
  const tile = callOf('Tile', [float32([2 ** 10], new Float32Array(2 ** 10)), ints(2 ** 20)]);
  assert.throws(() => evaluate(tile, newBudget(emptyGraph())), { code: 'model-too-large' });
});

test('a model cannot make the scanner compute for hours in little memory', () => {
  const budget = newBudget(emptyGraph(), { bytes: 2 ** 30, work: 10_000 });
  const sum = callOf('ReduceSum', [float32([1000], new Float32Array(1000))], { keepdims: 0 });
  assert.throws(
    () => {
      for (let i = 0; i < 10; i++) evaluate(sum, budget);
    },
    { code: 'model-too-large' },
  );
});

test('large products are left to the engine', () => {
  const square = float32([400, 400], new Float32Array(160_000));
  assert.equal(run('MatMul', [square, square]), undefined);
  assert.equal(run('Gemm', [square, square]), undefined);
});

test('half precision is moved but not computed with', () => {
  const half = { dtype: 'float16' as DType, dims: [2], data: Uint16Array.of(1, 2) };
  assert.deepEqual(run('Concat', [half, half], { axis: 0 }), [
    { ...half, dims: [4], data: Uint16Array.of(1, 2, 1, 2) },
  ]);
  assert.equal(run('Add', [half, half]), undefined);
});

test('erf is the integral it stands for', () => {
  // Abramowitz and Stegun, table 7.1.
  const table = [0, 0, 0.5, 0.5204998778, 1, 0.8427007929, 2, 0.995322265, 3, 0.9999779095];
  for (let i = 0; i < table.length; i += 2) {
    assert.ok(Math.abs(erf(table[i]!) - table[i + 1]!) < 1e-10, String(table[i]));
    assert.equal(erf(-table[i]!), -erf(table[i]!));
  }
  assert.equal(erf(Infinity), 1);
  assert.ok(Number.isNaN(erf(NaN)));
});

test('rounding goes to even on ties only', () => {
  assert.deepEqual(
    [0.5, 1.5, 2.5, -0.5, 2.4, 2.6, 4503599627370497].map(roundHalfEven),
    [0, 2, 2, -0, 2, 3, 4503599627370497],
  );
});

function powMod(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let bit = exponent, square = base; bit > 0n; bit >>= 1n, square = (square * square) % 2n ** 64n) {
    if (bit & 1n) result = (result * square) % 2n ** 64n;
  }
  return result;
}
