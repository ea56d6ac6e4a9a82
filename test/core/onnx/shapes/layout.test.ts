import { float32, int64, ints } from '../../../../core/onnx/tensor.js';
import { testShapes } from '../support/table.js';

const v11 = { opset: 11 } as const;
const indices = (...of: number[]) => ({ dtype: 'int64', of }) as const;

testShapes({
  Reshape: [
    [[[2, 3, 4], ints(4, 6)], {}, 'float32[4,6]'],
    [[[2, 3, 4], ints(0, -1)], {}, 'float32[2,12]'],
    [[[2, 3, 4], ints(-1)], {}, 'float32[24]'],
    [[[2, 3, 4], ints(0, 0, 2, 2)], {}, 'float32[2,3,2,2]'],
    [[[0, 3], ints(3, 0)], { allowzero: 1 }, 'float32[3,0]'],
    [[[1], int64([0], [])], {}, 'float32[]'],
    [[[2, 3], ints(2, 3, 0)], {}, 'model-malformed'],
    [[[2, 3], ints(4, -1)], {}, 'model-malformed'],
    [[[2, 3], ints(7)], {}, 'model-malformed'],
    [[[2, 3], ints(-1, -1)], {}, 'model-malformed'],
    [[[2, 3], ints(-2, -3)], {}, 'model-malformed'],
    [[[2, 3], indices(2)], {}, 'model-unsupported-op'],
  ],
  Flatten: [
    [[[2, 3, 4, 5]], {}, 'float32[2,60]'],
    [[[2, 3, 4, 5]], { axis: 0 }, 'float32[1,120]'],
    [[[2, 3, 4, 5]], { axis: 4 }, 'float32[120,1]'],
    [[[2, 3, 4, 5]], { axis: -1 }, 'float32[24,5]'],
    [[[2, 3]], { axis: 3 }, 'model-malformed'],
  ],
  Transpose: [
    [[[2, 3, 4]], {}, 'float32[4,3,2]'],
    [[[2, 3, 4]], { perm: [0, 2, 1] }, 'float32[2,4,3]'],
    [[[2, 3, 4]], { perm: [0, 1] }, 'model-malformed'],
    [[[2, 3]], { perm: [0, 0] }, 'model-malformed'],
  ],
  Squeeze: [
    [[[1, 3, 1, 2]], {}, 'float32[3,2]'],
    [[[1, 3, 1, 2], ints(-2)], {}, 'float32[1,3,2]'],
    [[[1, 3, 1, 2]], { axes: [0, 2] }, 'float32[3,2]', v11],
    [[[1, 3], ints(1)], {}, 'model-malformed'],
  ],
  Unsqueeze: [
    [[[3, 2], ints(0, -1)], {}, 'float32[1,3,2,1]'],
    [[[3, 2]], { axes: [1, 2] }, 'float32[3,1,1,2]', v11],
    [[[3, 2], ints(2, 2)], {}, 'model-malformed'],
    [[[3, 2], ints(4)], {}, 'model-malformed'],
  ],
  Expand: [
    [[[3, 1], ints(2, 1, 6)], {}, 'float32[2,3,6]'],
    [[[3, 4], ints(1)], {}, 'float32[3,4]'],
    [[[3], ints(4)], {}, 'model-malformed'],
    [[[1], ints(1e6, 1e6)], {}, 'model-too-large'],
    [[[1], ints(-1)], {}, 'model-malformed'],
  ],
  Tile: [
    [[[2, 3], ints(2, 0)], {}, 'float32[4,0]'],
    [[[2, 3], ints(2)], {}, 'model-malformed'],
    [[[2], ints(2 ** 40)], {}, 'model-too-large'],
  ],
  Concat: [
    [
      [
        [1, 2],
        [1, 3],
        [1, 4],
      ],
      { axis: -1 },
      'float32[1,9]',
    ],
    [
      [
        [1, 2],
        [1, 3],
      ],
      { axis: 0 },
      'model-malformed',
    ],
    [[[1, 2], indices(1, 2)], { axis: 0 }, 'model-malformed'],
  ],
  Split: [
    [[[6, 2]], {}, 'float32[3,2] float32[3,2]', { opset: 13, outputs: 2 }],
    [[[7, 2], ints(3, 4)], {}, 'float32[3,2] float32[4,2]', { opset: 13, outputs: 2 }],
    [[[2, 7]], { axis: -1, split: [2, 5] }, 'float32[2,2] float32[2,5]', { opset: 11, outputs: 2 }],
    [[[7]], { num_outputs: 3 }, 'float32[3] float32[3] float32[1]', { opset: 18, outputs: 3 }],
    [[[7]], {}, 'model-malformed', { opset: 13, outputs: 2 }],
    [[[7], ints(3, 3)], {}, 'model-malformed', { outputs: 2 }],
    [[[7], ints(9, -2)], {}, 'model-malformed', { outputs: 2 }],
    [[[7], ints(7)], {}, 'model-malformed', { outputs: 2 }],
  ],
  Slice: [
    [[[20, 10, 5], ints(0, 0), ints(3, 10), ints(0, 1)], {}, 'float32[3,10,5]'],
    [[[20, 10, 5], ints(0, 0, 3), ints(20, 10, 4)], {}, 'float32[20,10,1]'],
    [[[20], ints(0), ints(-1)], {}, 'float32[19]'],
    [[[20], ints(1000), ints(2000)], {}, 'float32[0]'],
    [[[20], ints(1), ints(1000)], {}, 'float32[19]'],
    [[[20], ints(20), ints(0), ints(0), ints(-4)], {}, 'float32[5]'],
    [[[20], ints(-1), ints(-(2 ** 63)), ints(-1), ints(-1)], {}, 'float32[20]'],
    [[[20], ints(0), ints(20), ints(0), ints(7)], {}, 'float32[3]'],
    [[[20, 5]], { starts: [0, 1], ends: [2 ** 62, -1], axes: [1, 0] }, 'float32[18,5]', { opset: 9 }],
    [[[20], ints(0), ints(20), ints(0), ints(0)], {}, 'model-malformed'],
    [[[20], ints(0), ints(20, 1)], {}, 'model-malformed'],
    [[[20], ints(0), indices(1)], {}, 'model-unsupported-op'],
  ],
  Pad: [
    [[[1, 3, 4, 5], ints(0, 1, 3, 0, 0, 0, 4, 2)], {}, 'float32[1,4,11,7]'],
    [[[4, 5], ints(-1, 0, 1, -2)], { mode: 'edge' }, 'float32[4,3]'],
    [[[4, 5], ints(1, 2), null, ints(-1)], {}, 'float32[4,8]'],
    [[[4, 5]], { pads: [1, 0, 0, 2] }, 'float32[5,7]', { opset: 9 }],
    [[[4], ints(1, 2, 3)], {}, 'model-malformed'],
    [[[4], ints(-3, -3)], {}, 'model-malformed'],
  ],
  DepthToSpace: [
    [[[1, 8, 2, 3]], { blocksize: 2, mode: 'CRD' }, 'float32[1,2,4,6]'],
    [[[1, 6, 2, 3]], { blocksize: 2 }, 'model-malformed'],
  ],
  SpaceToDepth: [
    [[[1, 2, 4, 6]], { blocksize: 2 }, 'float32[1,8,2,3]'],
    [[[1, 2, 5, 6]], { blocksize: 2 }, 'model-malformed'],
  ],
  CenterCropPad: [[[[20, 8, 3], ints(10, 9)], { axes: [1, 0] }, 'float32[9,10,3]']],
  ReverseSequence: [[[[4, 5], indices(5)], {}, 'float32[4,5]']],
  Gather: [
    [[[3, 2], indices(2, 2)], {}, 'float32[2,2,2]'],
    [[[3, 2], indices()], { axis: -1 }, 'float32[3]'],
    [[[3], indices(1)], { axis: 1 }, 'model-malformed'],
  ],
  GatherElements: [[[[3, 3], indices(2, 3)], { axis: 0 }, 'float32[2,3]']],
  GatherND: [
    [[[2, 2, 2], indices(2, 1)], {}, 'float32[2,2,2]'],
    [[[2, 2, 2], indices(2, 1)], { batch_dims: 1 }, 'float32[2,2]'],
    [[[2, 2, 2], indices(2, 3)], {}, 'float32[2]'],
    [[[2, 2], indices(2, 3)], {}, 'model-malformed'],
  ],
  ScatterElements: [
    [[[3, 3], indices(2, 3), [2, 3]], {}, 'float32[3,3]'],
    [[[3, 3], indices(2, 3), [3, 3]], {}, 'model-malformed'],
  ],
  Scatter: [[[[3, 3], indices(2, 3), [2, 3]], { axis: 1 }, 'float32[3,3]', { opset: 9 }]],
  ScatterND: [
    [[[8, 2], indices(4, 1), [4, 2]], {}, 'float32[8,2]'],
    [[[8], indices(4, 1), [3]], {}, 'model-malformed'],
  ],
  OneHot: [
    [[indices(3, 2), float32([], [5]), int64([2], [0, 1])], {}, 'int64[3,2,5]'],
    [[indices(3, 2), ints(5), float32([2], [0, 1])], { axis: 0 }, 'float32[5,3,2]'],
    [[indices(3, 2), indices(), float32([2], [0, 1])], {}, 'model-unsupported-op'],
  ],
  TopK: [
    [[[3, 5], ints(2)], {}, 'float32[3,2] int64[3,2]', { outputs: 2 }],
    [[[3, 5], ints(3)], { axis: 0 }, 'float32[3,5] int64[3,5]', { outputs: 2 }],
    [[[3, 5]], { k: 4 }, 'float32[3,4]', { opset: 9 }],
    [[[3, 5], ints(6)], {}, 'model-malformed'],
  ],
  NonZero: [
    [[float32([2, 2], [1, 0, 3, 4])], {}, 'int64[2,3]'],
    [[[2, 2]], {}, 'model-unsupported-op'],
  ],
  Compress: [
    [[[3, 2], { dtype: 'bool', dims: [3], data: Uint8Array.of(0, 1, 1) }], { axis: 0 }, 'float32[2,2]'],
    [[[3, 2], { dtype: 'bool', dims: [5], data: Uint8Array.of(0, 1, 1, 0, 1) }], {}, 'float32[3]'],
  ],
  TensorScatter: [
    [
      [
        [2, 4, 8, 5],
        [2, 4, 1, 5],
      ],
      {},
      'float32[2,4,8,5]',
      { opset: 24 },
    ],
  ],
});
