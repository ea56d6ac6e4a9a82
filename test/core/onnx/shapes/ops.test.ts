import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shapeRules } from '../../../../core/onnx/shapes/index.js';
import { float32, int64, ints, scalar } from '../../../../core/onnx/tensor.js';
import { inferred } from '../support/calls.js';
import { testShapes } from '../support/table.js';

const ms = { domain: 'com.microsoft', opset: 1 } as const;
const indices = (...of: number[]) => ({ dtype: 'int64', of }) as const;
const truth = (...of: number[]) => ({ dtype: 'bool', of }) as const;
const bytes = (...of: number[]) => ({ dtype: 'uint8', of }) as const;
const cube = [2, 3, 4] as const;

testShapes({
  Relu: [[[cube], {}, 'float32[2,3,4]']],
  Add: [
    [[cube, [3, 1]], {}, 'float32[2,3,4]'],
    [[[1], [2, 1, 3]], {}, 'float32[2,1,3]'],
    [[[0, 1], [3]], {}, 'float32[0,3]'],
    [[indices(3), indices()], {}, 'int64[3]'],
    [[[2], [3]], {}, 'model-malformed'],
    [[[2], indices(2)], {}, 'model-malformed'],
    [[[2], null], {}, 'model-malformed'],
  ],
  Max: [[[[2, 1], [3], []], {}, 'float32[2,3]']],
  Sum: [[[cube], {}, 'float32[2,3,4]']],
  Pow: [[[[2, 1], indices(3)], {}, 'float32[2,3]']],
  PRelu: [
    [[cube, [3, 1]], {}, 'float32[2,3,4]'],
    [[[3], cube], {}, 'model-malformed'],
  ],
  Clip: [
    [[cube, [], null], {}, 'float32[2,3,4]'],
    [[cube, indices()], {}, 'model-malformed'],
  ],
  CumSum: [[[cube, ints(1)], {}, 'float32[2,3,4]']],
  Equal: [[[[2, 1], [3]], {}, 'bool[2,3]']],
  Not: [[[truth(2)], {}, 'bool[2]']],
  Where: [
    [[truth(2, 1), [3], []], {}, 'float32[2,3]'],
    [[[2], [2], [2]], {}, 'model-malformed'],
  ],
  Cast: [
    [[cube], { to: 7 }, 'int64[2,3,4]'],
    [[cube], { to: 17 }, 'model-unsupported-op'],
    [[cube], {}, 'model-malformed'],
  ],
  CastLike: [[[cube, truth(1)], {}, 'bool[2,3,4]']],
  ReduceSum: [
    [[cube], {}, 'float32[1,1,1]'],
    [[cube, ints(-1, 0)], { keepdims: 0 }, 'float32[3]'],
    [[cube, int64([0], [])], { noop_with_empty_axes: 1 }, 'float32[2,3,4]'],
    [[cube], { axes: [1] }, 'float32[2,1,4]', { opset: 11 }],
    [[cube, indices(1)], {}, 'model-unsupported-op'],
    [[cube, ints(1, -2)], {}, 'model-malformed'],
  ],
  ReduceMean: [
    [[cube], { axes: [1], keepdims: 0 }, 'float32[2,4]', { opset: 17 }],
    [[cube, ints(1)], { keepdims: 0 }, 'float32[2,4]', { opset: 18 }],
  ],
  ArgMax: [
    [[cube], {}, 'int64[1,3,4]'],
    [[cube], { axis: -1, keepdims: 0 }, 'int64[2,3]'],
  ],
  Shape: [
    [[cube], {}, 'int64[3]'],
    [[cube], { start: -1 }, 'int64[1]'],
    [[cube], { start: 1, end: -1 }, 'int64[1]'],
  ],
  Size: [[[cube], {}, 'int64[]']],
  ConstantOfShape: [
    [[ints(2, 3)], {}, 'float32[2,3]'],
    [[int64([0], [])], { value: int64([1], [7]) }, 'int64[]'],
    [[ints(1e5, 1e5)], {}, 'model-too-large'],
    [[indices(2)], {}, 'model-unsupported-op'],
  ],
  Range: [
    [[scalar(3), scalar(9), scalar(3)], {}, 'float32[2]'],
    [[int64([], [10]), int64([], [4]), int64([], [-4])], {}, 'int64[2]'],
    [[scalar(0), scalar(9), scalar(-1)], {}, 'float32[0]'],
    [[scalar(0), scalar(9), scalar(0)], {}, 'model-malformed'],
  ],
  EyeLike: [[[[3, 4]], { dtype: 6 }, 'int32[3,4]']],
  BatchNormalization: [[[cube, [3], [3], [3], [3]], {}, 'float32[2,3,4]']],
  LayerNormalization: [
    [[cube, [4], [4]], {}, 'float32[2,3,4] float32[2,3,1] float32[2,3,1]', { outputs: 3 }],
    [[cube, [3, 4]], { axis: 1 }, 'float32[2,3,4] float32[2,1,1]', { outputs: 2 }],
  ],
  InstanceNormalization: [[[cube, [3], [3]], {}, 'float32[2,3,4]']],
  GroupNormalization: [[[[2, 4, 3], [4], [4]], { num_groups: 2 }, 'float32[2,4,3]']],
  RMSNormalization: [[[cube, [4]], {}, 'float32[2,3,4]', { opset: 23 }]],
  MatMul: [
    [
      [
        [2, 3],
        [3, 4],
      ],
      {},
      'float32[2,4]',
    ],
    [
      [
        [5, 1, 2, 3],
        [6, 3, 4],
      ],
      {},
      'float32[5,6,2,4]',
    ],
    [[[3], [3, 4]], {}, 'float32[4]'],
    [[[2, 3], [3]], {}, 'float32[2]'],
    [[[3], [3]], {}, 'float32[]'],
    [[[3], [5, 3, 4]], {}, 'float32[5,4]'],
    [
      [
        [2, 3],
        [4, 3],
      ],
      {},
      'model-malformed',
    ],
    [[[], [3]], {}, 'model-malformed'],
  ],
  Gemm: [
    [[[2, 3], [3, 4], [4]], {}, 'float32[2,4]'],
    [
      [
        [3, 2],
        [4, 3],
        [2, 1],
      ],
      { transA: 1, transB: 1 },
      'float32[2,4]',
    ],
    [[[2, 3], [3, 4], [3]], {}, 'model-malformed'],
    [
      [
        [2, 3, 1],
        [3, 4],
      ],
      {},
      'model-malformed',
    ],
  ],
  MatMulInteger: [[[bytes(2, 3), bytes(3, 4)], {}, 'int32[2,4]']],
  QLinearMatMul: [[[bytes(2, 3), [], bytes(), bytes(3, 4), [], bytes(), [], bytes()], {}, 'uint8[2,4]']],
  Det: [[[[5, 3, 3]], {}, 'float32[5]']],
  Einsum: [
    [
      [
        [2, 3],
        [3, 4],
      ],
      { equation: 'ij,jk->ik' },
      'float32[2,4]',
    ],
    [
      [
        [2, 3],
        [3, 4],
      ],
      { equation: 'ij, jk' },
      'float32[2,4]',
    ],
    [
      [
        [5, 2, 3],
        [1, 3, 4],
      ],
      { equation: '...ij,...jk->...ik' },
      'float32[5,2,4]',
    ],
    [[[3, 3]], { equation: 'ii->i' }, 'float32[3]'],
    [[[2, 3]], { equation: 'ba' }, 'float32[3,2]'],
    [[[2, 3]], { equation: 'ij->' }, 'float32[]'],
    [
      [
        [2, 3],
        [4, 5],
      ],
      { equation: 'ij,jk->ik' },
      'model-malformed',
    ],
    [[[2, 3]], { equation: 'ij->k' }, 'model-malformed'],
    [[[2, 3]], { equation: 'i->i' }, 'model-malformed'],
    [[[2, 3]], { equation: 'i2->i' }, 'model-malformed'],
  ],
  Resize: [
    [[[1, 1, 2, 4], null, float32([4], [1, 1, 2, 0.6])], {}, 'float32[1,1,4,2]'],
    [[[1, 1, 2, 4], null, null, ints(1, 1, 7, 8)], {}, 'float32[1,1,7,8]'],
    [[[1, 1, 2, 4], float32([0], []), float32([0], []), ints(1, 1, 7, 8)], {}, 'float32[1,1,7,8]', { opset: 11 }],
    [[[1, 1, 2, 4], float32([4], [1, 1, 2, 2])], {}, 'float32[1,1,4,8]', { opset: 10 }],
    [
      [[1, 1, 2, 4], null, null, ints(7, 8)],
      { axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' },
      'float32[1,1,4,8]',
    ],
    [
      [[1, 1, 2, 4], null, null, ints(7, 8)],
      { axes: [2, 3], keep_aspect_ratio_policy: 'not_smaller' },
      'float32[1,1,7,14]',
    ],
    [[[1, 1, 2, 4], null, float32([1], [3])], { axes: [-1] }, 'float32[1,1,2,12]'],
    [[[1, 1, 2, 4], null, float32([2], [3, 3])], {}, 'model-malformed'],
    [[[1, 1, 2, 4], null, null, indices(4)], {}, 'model-unsupported-op'],
  ],
  Upsample: [[[[1, 1, 2, 2], float32([4], [1, 1, 2, 3])], {}, 'float32[1,1,4,6]', { opset: 9 }]],
  GridSample: [
    [
      [
        [1, 3, 4, 4],
        [1, 6, 5, 2],
      ],
      {},
      'float32[1,3,6,5]',
    ],
  ],
  AffineGrid: [
    [[[2, 2, 3], ints(2, 3, 5, 6)], {}, 'float32[2,5,6,2]'],
    [[[2, 3, 4], ints(2, 3, 4, 5, 6)], {}, 'float32[2,4,5,6,3]'],
  ],
  QuantizeLinear: [
    [[cube, []], {}, 'uint8[2,3,4]'],
    [[cube, [], { dtype: 'int8', of: [] }], {}, 'int8[2,3,4]'],
    [[cube, []], { output_dtype: 5 }, 'int16[2,3,4]'],
  ],
  DequantizeLinear: [[[bytes(2, 3), [3], bytes(3)], { axis: 1 }, 'float32[2,3]']],
  DynamicQuantizeLinear: [[[cube], {}, 'uint8[2,3,4] float32[] uint8[]', { outputs: 3 }]],
  LSTM: [
    [
      [
        [7, 2, 5],
        [2, 16, 5],
        [2, 16, 4],
      ],
      { hidden_size: 4, direction: 'bidirectional' },
      'float32[7,2,2,4] float32[2,2,4] float32[2,2,4]',
      { outputs: 3 },
    ],
    [
      [
        [2, 7, 5],
        [1, 16, 5],
        [1, 16, 4],
      ],
      { layout: 1, hidden_size: 4 },
      'float32[2,7,1,4] float32[2,1,4]',
      { outputs: 2 },
    ],
  ],
  GRU: [
    [
      [
        [7, 2, 5],
        [1, 12, 5],
        [1, 12, 4],
      ],
      {},
      'float32[7,1,2,4]',
    ],
  ],
  RNN: [
    [
      [
        [7, 2, 5],
        [1, 4, 5],
        [1, 4, 4],
      ],
      {},
      'float32[7,1,2,4]',
    ],
  ],
  Attention: [
    [
      [
        [2, 3, 4, 8],
        [2, 3, 6, 8],
        [2, 3, 6, 10],
      ],
      {},
      'float32[2,3,4,10]',
      { opset: 23 },
    ],
    [
      [
        [2, 4, 24],
        [2, 6, 24],
        [2, 6, 30],
      ],
      { q_num_heads: 3, kv_num_heads: 3 },
      'float32[2,4,30]',
      { opset: 23 },
    ],
    [
      [
        [2, 4, 24],
        [2, 6, 24],
        [2, 6, 30],
      ],
      {},
      'model-malformed',
      { opset: 23 },
    ],
  ],
  FusedConv: [
    [
      [
        [1, 1, 4, 4],
        [2, 1, 3, 3],
      ],
      { activation: 'Relu' },
      'float32[1,2,2,2]',
      ms,
    ],
  ],
  FusedMatMul: [
    [
      [
        [2, 3, 4],
        [2, 5, 4],
      ],
      { transB: 1 },
      'float32[2,3,5]',
      ms,
    ],
  ],
  BiasGelu: [[[[2, 3], [3]], {}, 'float32[2,3]', ms]],
  SkipLayerNormalization: [[[cube, cube, [4]], {}, 'float32[2,3,4]', ms]],
  Conv3: [[[cube], {}, 'model-unsupported-op']],
  RandomNormal: [[[], { shape: [2] }, 'model-unsupported-op']],
});

test('every op of one input and one output keeps its input type', () => {
  const named = 'Abs Sigmoid Softmax Gelu HardSwish LRN Trilu Erf Mish Swish IsNaN'.split(' ');
  for (const op of named) assert.match(inferred(op, [[2, 3]]), /^(float32|bool)\[2,3\]$/, op);
});

test('an op without a rule is refused with what is needed to add it', () => {
  assert.throws(() => inferred('StringSplit', [[1]], {}, { opset: 20 }), {
    code: 'model-unsupported-op',
    message: /under_test.*StringSplit, opset 20.*ai\.onnx.*core\/onnx\/shapes\/index\.ts/,
  });
  assert.throws(() => inferred('Secret', [[1]], {}, { domain: 'org.example' }), { message: /org\.example:Secret/ });
});

test('more outputs than the op has are refused', () => {
  assert.throws(() => inferred('Relu', [[1]], {}, { outputs: 2 }), { code: 'model-malformed' });
});

test('names from Object.prototype are no ops', () => {
  for (const op of ['constructor', 'toString', '__proto__']) assert.equal(shapeRules.has(op), false);
});
