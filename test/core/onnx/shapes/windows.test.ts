import { testShapes } from '../support/table.js';
import { int64, ints } from '../../../../core/onnx/tensor.js';

const zero = { dtype: 'uint8', dims: [], data: new Uint8Array(1) } as const;

testShapes({
  Conv: [
    [
      [
        [2, 3, 8, 8],
        [4, 3, 3, 3],
      ],
      {},
      'float32[2,4,6,6]',
    ],
    [[[2, 3, 8, 8], [4, 3, 3, 3], [4]], { pads: [1, 1, 1, 1] }, 'float32[2,4,8,8]'],
    [
      [
        [2, 3, 8, 9],
        [4, 3, 3, 2],
      ],
      { pads: [0, 1, 2, 0], strides: [2, 3] },
      'float32[2,4,4,3]',
    ],
    [
      [
        [1, 6, 9, 9],
        [4, 3, 3, 3],
      ],
      { group: 2, dilations: [2, 3] },
      'float32[1,4,5,3]',
    ],
    [
      [
        [1, 2, 7],
        [3, 2, 4],
      ],
      { auto_pad: 'SAME_UPPER', strides: [2] },
      'float32[1,3,4]',
    ],
    [
      [
        [1, 2, 7],
        [3, 2, 4],
      ],
      { auto_pad: 'SAME_LOWER', strides: [3], dilations: [2] },
      'float32[1,3,3]',
    ],
    [
      [
        [1, 2, 7],
        [3, 2, 4],
      ],
      { auto_pad: 'VALID', pads: [5, 5] },
      'float32[1,3,4]',
    ],
    [
      [
        [1, 1, 4, 4, 4],
        [1, 1, 2, 2, 2],
      ],
      {},
      'float32[1,1,3,3,3]',
    ],
    [
      [
        [2, 3, 8, 8],
        [4, 3, 3, 3],
      ],
      { kernel_shape: [5, 5] },
      'model-malformed',
    ],
    [
      [
        [2, 3, 8, 8],
        [4, 2, 3, 3],
      ],
      {},
      'model-malformed',
    ],
    [
      [
        [2, 4, 8, 8],
        [3, 2, 3, 3],
      ],
      { group: 2 },
      'model-malformed',
    ],
    [
      [
        [1, 1, 2, 2],
        [1, 1, 3, 3],
      ],
      {},
      'model-malformed',
    ],
    [
      [
        [1, 1, 2, 2],
        [1, 1, 3, 3],
      ],
      { pads: [9e15, 0, 0, 0] },
      'model-malformed',
    ],
    [
      [
        [1, 1, 2, 2],
        [1, 1, 3, 3],
      ],
      { pads: [5e8, 5e8, 0, 0] },
      'model-too-large',
    ],
    [
      [
        [1, 1, 4, 4],
        [1, 1, 3, 3],
      ],
      { strides: [0, 1] },
      'model-malformed',
    ],
    [
      [
        [1, 1, 4, 4],
        [1, 1, 3, 3],
      ],
      { auto_pad: 'SAME' },
      'model-malformed',
    ],
  ],
  ConvTranspose: [
    [
      [
        [1, 2, 3, 3],
        [2, 4, 3, 3],
      ],
      {},
      'float32[1,4,5,5]',
    ],
    [
      [
        [1, 4, 3, 3],
        [4, 2, 3, 3],
      ],
      { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] },
      'float32[1,4,5,5]',
    ],
    [
      [
        [1, 1, 3],
        [1, 1, 3],
      ],
      { strides: [2], pads: [1, 1], output_padding: [1] },
      'float32[1,1,6]',
    ],
    [
      [
        [1, 1, 3],
        [1, 1, 2],
      ],
      { strides: [3], dilations: [2] },
      'float32[1,1,9]',
    ],
    [
      [
        [1, 1, 3],
        [1, 1, 4],
      ],
      { strides: [2], auto_pad: 'SAME_UPPER' },
      'float32[1,1,6]',
    ],
    [
      [
        [1, 1, 3],
        [1, 1, 4],
      ],
      { strides: [2], auto_pad: 'SAME_LOWER' },
      'float32[1,1,6]',
    ],
    [
      [
        [1, 1, 3, 3],
        [1, 1, 3, 3],
      ],
      { strides: [3, 2], output_shape: [10, 8] },
      'float32[1,1,10,8]',
    ],
    [
      [
        [1, 1, 3, 3],
        [1, 1, 3, 3],
      ],
      { strides: [3, 2], output_shape: [1, 1, 8, 7] },
      'float32[1,1,8,7]',
    ],
    [
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
      { pads: [1, 1] },
      'model-malformed',
    ],
  ],
  ConvInteger: [
    [
      [
        { dtype: 'uint8', of: [1, 1, 3, 3] },
        { dtype: 'uint8', of: [2, 1, 2, 2] },
      ],
      {},
      'int32[1,2,2,2]',
    ],
  ],
  QLinearConv: [
    [
      [{ dtype: 'uint8', of: [1, 1, 7, 7] }, [], zero, { dtype: 'int8', of: [3, 1, 1, 1] }, [3], zero, [], zero],
      {},
      'uint8[1,3,7,7]',
    ],
  ],
  DeformConv: [
    [
      [
        [1, 1, 3, 3],
        [1, 1, 2, 2],
        [1, 8, 2, 2],
      ],
      { kernel_shape: [2, 2] },
      'float32[1,1,2,2]',
    ],
  ],
  Col2Im: [[[[1, 5, 5], ints(5, 5), ints(1, 5)], {}, 'float32[1,1,5,5]']],
  MaxPool: [
    [[[1, 2, 8, 8]], { kernel_shape: [2, 2], strides: [2, 2] }, 'float32[1,2,4,4] int64[1,2,4,4]', { outputs: 2 }],
    [[[1, 1, 5]], { kernel_shape: [2] }, 'float32[1,1,4]'],
    [[[1, 1, 5]], { kernel_shape: [2], strides: [2] }, 'float32[1,1,2]'],
    [[[1, 1, 5]], { kernel_shape: [2], strides: [2], ceil_mode: 1 }, 'float32[1,1,3]'],
    // The fourth window would start in the right padding.
    [[[1, 1, 5]], { kernel_shape: [3], strides: [2], pads: [1, 1], ceil_mode: 1 }, 'float32[1,1,3]'],
    [[[1, 1, 2]], { kernel_shape: [1], strides: [3], pads: [0, 0], ceil_mode: 1 }, 'float32[1,1,1]'],
    // One window, larger than its input.
    [[[1, 1, 2]], { kernel_shape: [3], strides: [2], ceil_mode: 1 }, 'float32[1,1,1]'],
    [[[1, 1, 2]], { kernel_shape: [3], strides: [2] }, 'model-malformed'],
    [[[1, 1, 9]], { kernel_shape: [3], dilations: [3], strides: [2] }, 'float32[1,1,2]'],
    [[[1, 1, 9]], { kernel_shape: [4], auto_pad: 'SAME_UPPER', strides: [4] }, 'float32[1,1,3]'],
    [[[1, 1, 9]], { kernel_shape: [4], auto_pad: 'VALID', strides: [4] }, 'float32[1,1,2]'],
    [[{ dtype: 'uint8', of: [1, 1, 4] }], { kernel_shape: [2] }, 'uint8[1,1,3]'],
    [[[1, 1, 4]], {}, 'model-malformed'],
    [[[1, 4]], { kernel_shape: [2] }, 'model-malformed'],
  ],
  AveragePool: [
    [
      [[1, 1, 7, 7]],
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 },
      'float32[1,1,4,4]',
    ],
    [[[1, 1, 7, 7]], { kernel_shape: [3, 2], dilations: [2, 2], ceil_mode: 1, strides: [2, 3] }, 'float32[1,1,2,3]'],
  ],
  LpPool: [[[[1, 3, 32, 32]], { kernel_shape: [2, 2], p: 3 }, 'float32[1,3,31,31]']],
  GlobalAveragePool: [[[[2, 3, 4, 5]], {}, 'float32[2,3,1,1]']],
  GlobalMaxPool: [[[[2, 3, 4, 5, 6]], {}, 'float32[2,3,1,1,1]']],
  GlobalLpPool: [[[[2, 3, 4]], {}, 'float32[2,3,1]']],
  MaxUnpool: [
    [
      [[1, 1, 2, 2], { dtype: 'int64', of: [1, 1, 2, 2] }],
      { kernel_shape: [2, 2], strides: [2, 2] },
      'float32[1,1,4,4]',
    ],
    [
      [[1, 1, 2, 2], { dtype: 'int64', of: [1, 1, 2, 2] }, ints(1, 1, 5, 5)],
      { kernel_shape: [2, 2], strides: [2, 2] },
      'float32[1,1,5,5]',
    ],
  ],
  MaxRoiPool: [
    [
      [
        [1, 3, 9, 9],
        [4, 5],
      ],
      { pooled_shape: [2, 3] },
      'float32[4,3,2,3]',
    ],
  ],
  RoiAlign: [
    [[[1, 3, 9, 9], [4, 4], int64([4], [0, 0, 0, 0])], { output_height: 5, output_width: 2 }, 'float32[4,3,5,2]'],
  ],
});
