import { one, x, type AttributeValue, type GradientCase } from '../../../support/gradient-case.js';

type Attributes = Readonly<Record<string, AttributeValue>>;

function max(detail: string, dims: readonly number[], attributes: Attributes): GradientCase {
  return one('MaxPool', detail, [x('N', ...dims)], attributes, { spaced: 0.25, tolerance: 1e-3 });
}

function average(detail: string, dims: readonly number[], attributes: Attributes): GradientCase[] {
  return [0, 1].map((count_include_pad) =>
    one('AveragePool', `${detail}, count_include_pad ${count_include_pad}`, [x('N', ...dims)], {
      ...attributes,
      count_include_pad,
    }),
  );
}

/** Windows that both pools share. */
const windows: readonly (readonly [detail: string, dims: readonly number[], attributes: Attributes])[] = [
  ['2 x 2, stride 2', [3, 6, 4], { kernel_shape: [2, 2], strides: [2, 2] }],
  ['2 x 2, stride 2, a row and column left over', [2, 5, 7], { kernel_shape: [2, 2], strides: [2, 2] }],
  ['2 x 2, stride 2, ceil_mode', [2, 5, 7], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }],
  ['2 x 3, stride 2 x 3, padding', [2, 6, 7], { kernel_shape: [2, 3], strides: [2, 3], pads: [1, 0, 1, 2] }],
  ['3 x 3, stride 2', [2, 7, 9], { kernel_shape: [3, 3], strides: [2, 2] }],
  ['3 x 3, stride 2, padding', [2, 8, 7], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['3 x 3, stride 2, ceil_mode', [2, 8, 6], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
  [
    '3 x 3, stride 2, ceil_mode, padding',
    [2, 8, 7],
    { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  ],
  ['3 x 3, stride 1, same padding', [2, 4, 5], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
  ['3 x 2, stride 1, asymmetric padding', [2, 4, 5], { kernel_shape: [3, 2], pads: [0, 1, 2, 0] }],
  ['1 x 1, stride 2', [2, 5, 4], { kernel_shape: [1, 1], strides: [2, 2] }],
  ['1 x 1', [2, 3, 2], { kernel_shape: [1, 1] }],
  ['2 x 2, stride 3', [2, 8, 9], { kernel_shape: [2, 2], strides: [3, 3] }],
  ['2 x 1, stride 3 x 2, padding', [2, 7, 8], { kernel_shape: [2, 1], strides: [3, 2], pads: [1, 0, 1, 0] }],
  ['2 x 2, stride 3, ceil_mode', [2, 7, 10], { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1 }],
  ['strides 1 and 3', [2, 5, 8], { kernel_shape: [3, 3], strides: [1, 3] }],
  ['dilation 2', [2, 7, 8], { kernel_shape: [3, 2], dilations: [2, 3] }],
  [
    'dilation 2, stride 2, padding',
    [2, 9, 8],
    { kernel_shape: [3, 2], dilations: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] },
  ],
  ['dilation 2, stride 3', [2, 9, 8], { kernel_shape: [2, 2], dilations: [2, 2], strides: [3, 3] }],
  ['kernel as large as the input', [2, 4, 3], { kernel_shape: [4, 3] }],
  ['auto_pad SAME_UPPER', [2, 5, 6], { kernel_shape: [2, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['auto_pad SAME_LOWER', [2, 5, 6], { kernel_shape: [2, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
  ['auto_pad SAME_UPPER, stride 1', [2, 4, 3], { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['auto_pad VALID', [2, 5, 6], { kernel_shape: [2, 3], strides: [2, 2], auto_pad: 'VALID' }],
  ['1-D', [2, 9], { kernel_shape: [3], strides: [2], pads: [1, 0] }],
  ['1-D, disjoint', [2, 7], { kernel_shape: [2], strides: [2], ceil_mode: 1 }],
  ['3-D', [2, 4, 3, 5], { kernel_shape: [2, 2, 3], strides: [1, 2, 2], pads: [0, 1, 1, 1, 0, 1] }],
  ['3-D, disjoint', [2, 4, 4, 5], { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }],
];

export const poolCases: readonly GradientCase[] = [
  ...windows.map((window) => max(...window)),
  one(
    'MaxPool',
    'with indices',
    [x('N', 2, 4, 4)],
    { kernel_shape: [2, 2], strides: [2, 2] },
    { spaced: 0.25, outputs: 2, tolerance: 1e-3 },
  ),
  ...windows.flatMap((window) => average(...window)),
  ...windows
    .filter(([detail]) => !detail.includes('auto_pad SAME_LOWER'))
    .map(([detail, dims, attributes]) =>
      one('LpPool', `${detail}, p 3`, [x('N', ...dims)], { ...attributes, p: 3 }, { range: [0.3, 1.3] }),
    ),
  one('LpPool', 'p 2 by default', [x('N', 2, 5, 5)], { kernel_shape: [2, 2] }, { away: [0], tolerance: 2e-3 }),
  one('LpPool', 'p 1', [x('N', 2, 5, 5)], { kernel_shape: [2, 2], p: 1 }, { away: [0] }),

  one('GlobalAveragePool', '2-D', [x('N', 3, 4, 5)]),
  one('GlobalAveragePool', '1-D', [x('N', 3, 4)]),
  one('GlobalAveragePool', '3-D', [x('N', 2, 2, 3, 2)]),
  one('GlobalMaxPool', '2-D', [x('N', 3, 4, 5)], {}, { spaced: 0.25, tolerance: 1e-3 }),
  one('GlobalMaxPool', '1-D', [x('N', 3, 4)], {}, { spaced: 0.25, tolerance: 1e-3 }),
  one('GlobalMaxPool', '3-D', [x('N', 2, 2, 3, 2)], {}, { spaced: 0.25, tolerance: 1e-3 }),
  one('GlobalLpPool', 'p 2 by default', [x('N', 3, 4, 5)], {}, { away: [0] }),
  one('GlobalLpPool', 'p 1', [x('N', 3, 4)], { p: 1 }, { away: [0] }),
  one('GlobalLpPool', 'p 3', [x('N', 3, 2, 2, 3)], { p: 3 }, { away: [0] }),
];
