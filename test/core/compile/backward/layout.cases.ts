import { bool, ints, int64, scalar } from '../../../../core/onnx/tensor.js';
import {
  node,
  one,
  several,
  value,
  w,
  x,
  type CaseDims,
  type CaseOptions,
  type GradientCase,
} from '../../../support/gradient-case.js';

const maximum = Number.MAX_SAFE_INTEGER;
const list = (...values: number[]) => value(ints(...values));

const slice = (detail: string, dims: CaseDims, ...parts: readonly (readonly number[])[]): GradientCase =>
  one('Slice', detail, [x(...dims), ...parts.map((part) => list(...part))]);

const reshape = (detail: string, dims: CaseDims, target: readonly number[], attributes = {}): GradientCase =>
  one('Reshape', detail, [x(...dims), list(...target)], attributes);

const pad = (
  detail: string,
  dims: CaseDims,
  pads: readonly number[],
  mode?: string,
  axes?: readonly number[],
  options?: CaseOptions,
) =>
  one(
    'Pad',
    `${mode ?? 'constant'}: ${detail}`,
    [x(...dims), list(...pads), ...(axes ? [value(scalar(2)), list(...axes)] : [])],
    mode ? { mode } : {},
    options,
  );

export const layoutCases: readonly GradientCase[] = [
  slice('the middle', ['N', 5, 4], [1], [4], [1]),
  slice('default axes', ['N', 5], [0, 2], [1, 4]),
  slice('the batch axis', [4, 3], [1], [3], [0]),
  slice('negative start and end', ['N', 6], [-5], [-1], [1]),
  slice('end past the end', ['N', 6], [2], [maximum], [1]),
  slice('start before the beginning', ['N', 6], [-100], [3], [-1]),
  slice('step 2', ['N', 6, 3], [0], [6], [1], [2]),
  slice('step 2, odd', ['N', 7], [1], [7], [1], [2]),
  slice('step 3, last element kept', ['N', 7, 2], [0], [maximum], [-2], [3]),
  slice('reversed', ['N', 5, 2], [-1], [-maximum], [1], [-1]),
  slice('step -2', ['N', 6], [4], [0], [1], [-2]),
  slice('step -2 from past the end', ['N', 6, 2], [100], [-100], [1], [-2]),
  slice('step -3', ['N', 8], [-2], [-maximum], [1], [-3]),
  slice('several axes and steps', ['N', 6, 7], [1, 6], [6, 0], [1, 2], [2, -3]),
  slice('the batch axis backwards', [4, 3], [3], [-maximum], [0], [-1]),
  slice('everything', ['N', 3], [0], [maximum], [1], [1]),
  one(
    'Slice',
    'as attributes, opset 9',
    [x('N', 5, 4)],
    { starts: [1, -3], ends: [4, 2147483647], axes: [1, 2] },
    { opset: 9 },
  ),

  one(
    'Slice',
    'to the largest int64 as an attribute, opset 9',
    [x('N', 5)],
    { starts: [-3], ends: [2 ** 63], axes: [1] },
    { opset: 9 },
  ),

  pad('both ends', ['N', 2, 3], [0, 1, 0, 0, 0, 2]),
  pad('the batch axis', [2, 3], [1, 0, 2, 1]),
  pad('negative', ['N', 4, 5], [0, -1, 1, 0, 0, -2]),
  pad('axes', ['N', 4, 5], [2, 1, 0, 3], undefined, [-1, 1]),
  one('Pad', 'constant: attributes, opset 10', [x('N', 2, 3)], { pads: [0, 1, 0, 0, 0, 2] }, { opset: 10 }),
  ...['reflect', 'edge', 'wrap'].flatMap((mode) => [
    pad('both ends', ['N', 4, 5], [0, 0, 2, 0, 0, 1], mode),
    pad('two axes', ['N', 4, 5], [0, 1, 2, 0, 3, 4], mode),
    pad('the batch axis', [3, 4], [1, 0, 2, 1], mode),
    pad('axes', ['N', 4, 3], [1, 2], mode, [-2]),
  ]),
  pad('one side cropped', ['N', 4, 5], [0, -1, 2, 0, 1, -2], 'edge'),

  one('Concat', 'two that depend on the image', [x('N', 2, 3), x('N', 4, 3)], { axis: 1 }),
  one('Concat', 'a constant between', [x('N', 2), w('N', 1), x('N', 3)], { axis: -1 }),
  one('Concat', 'the batch axis', [x('N', 2), w(2, 2), x('N', 2)], { axis: 0 }),
  one('Concat', 'parts of extent 1', [x('N', 1, 2), x('N', 1, 2)], { axis: 1 }),
  one('Concat', 'one part', [x('N', 2)], { axis: 1 }),
  ...[0, 1, 2].map((output) =>
    one(
      'Split',
      `output ${output} of unequal ones`,
      [x('N', 6, 2), list(1, 3, 2)],
      { axis: 1 },
      { outputs: 3, output },
    ),
  ),
  one('Split', 'num_outputs that do not divide', [x('N', 5)], { axis: -1, num_outputs: 2 }, { outputs: 2, output: 1 }),
  one('Split', 'the batch axis', [x(4, 2), list(1, 3)], {}, { outputs: 2, output: 1 }),
  one('Split', 'attribute, opset 11', [x('N', 4)], { axis: 1, split: [1, 3] }, { outputs: 2, output: 1, opset: 11 }),
  one('Split', 'equal parts without sizes, opset 13', [x('N', 4)], { axis: 1 }, { outputs: 2, output: 0, opset: 13 }),
  ...[
    ['a', 'b'],
    ['a', 'c'],
    ['a', 'b', 'c'],
  ].map((used) =>
    several(
      'Split',
      `outputs ${used.join()}`,
      [x('N', 6, 2), list(1, 3, 2)],
      [
        node('Split', ['in0', 'in1'], ['a', 'b', 'c'], { axis: 1 }),
        node('Concat', [...used, ...used].toReversed(), ['y0'], { axis: 1 }),
      ],
    ),
  ),
  several(
    'Split',
    'lazy in one output, not in the other',
    [x('N', 4, 2), list(2, 2)],
    [
      node('Split', ['in0', 'in1'], ['a', 'b'], { axis: 1 }),
      node('Mul', ['a', 'a'], ['square']),
      node('Add', ['square', 'b'], ['y0']),
    ],
  ),

  reshape('flatten', ['N', 2, 3], [-1, 6]),
  reshape('zero copies', ['N', 2, 3], [0, -1]),
  reshape('allowzero', ['N', 4], [-1, 2, 2], { allowzero: 1 }),
  reshape('batch moved into channels', ['N', 2, 3], [1, -1, 3]),
  reshape('batch and channels merged', ['N', 2, 3], [-1, 3]),
  reshape('batch split off again', [6, 4], [3, 2, 4]),
  reshape('to a vector', ['N', 3], [-1]),
  reshape('to a scalar', [1, 1], []),
  reshape('from a scalar', [], [1, 1]),
  reshape('same first extent', [3, 4], [3, 2, 2]),
  reshape('first extent by accident', [2, 6], [2, 3, 2]),
  reshape('the same shape', ['N', 3], [0, 3]),
  one('Flatten', 'by default', [x('N', 2, 3)]),
  one('Flatten', 'axis 0', [x('N', 2, 3)], { axis: 0 }),
  one('Flatten', 'axis 2', [x('N', 2, 3)], { axis: 2 }),
  one('Flatten', 'axis -1', [x('N', 2, 3)], { axis: -1 }),
  one('Squeeze', 'all', [x('N', 1, 3, 1)], {}, { batches: [2] }),
  one('Squeeze', 'axes', [x('N', 1, 3, 1), list(-1, 1)]),
  one('Squeeze', 'the batch axis', [x(1, 3, 1), list(0)]),
  one('Squeeze', 'attribute, opset 11', [x('N', 1, 3)], { axes: [1] }, { opset: 11 }),
  one('Unsqueeze', 'axes', [x('N', 3), list(1, -1)]),
  one('Unsqueeze', 'in front', [x('N', 3), list(0)]),
  one('Unsqueeze', 'attribute, opset 11', [x('N', 3)], { axes: [0, 3] }, { opset: 11 }),
  one('Transpose', 'reversed by default', [x('N', 2, 3)]),
  one('Transpose', 'NHWC to NCHW', [x('N', 2, 3, 4)], { perm: [0, 3, 1, 2] }),
  one('Transpose', 'the batch axis moves', [x('N', 2, 3)], { perm: [1, 0, 2] }),
  one('Transpose', 'the batch axis last', [x('N', 2, 3, 4)], { perm: [2, 1, 3, 0] }),
  one('Expand', 'two axes', [x('N', 1, 3, 1), list(1, 2, 1, 4)]),
  one('Expand', 'more axes', [x('N', 1), list(2, 1, 3)]),
  one('Expand', 'fewer axes', [x('N', 2, 1), list(3)]),
  one('Expand', 'a scalar', [x(), list(2, 3)]),
  one('Expand', 'the batch axis', [x(1, 3), list(4, 1)]),
  one('Tile', 'channels', [x('N', 2, 3), list(1, 3, 2)]),
  one('Tile', 'the batch axis', [x(2, 3), list(3, 1)]),
  one('Tile', 'once', [x('N', 3), list(1, 1)]),
  one('DepthToSpace', 'DCR', [x('N', 8, 2, 3)], { blocksize: 2 }),
  one('DepthToSpace', 'CRD', [x('N', 18, 2, 1)], { blocksize: 3, mode: 'CRD' }),
  one('SpaceToDepth', '2', [x('N', 3, 4, 2)], { blocksize: 2 }),
  one('CenterCropPad', 'crops and pads', [x('N', 5, 4), list(2, 7)], { axes: [1, 2] }),
  one('CenterCropPad', 'all axes', [x(2, 5, 4), list(2, 4, 7)]),
  one('CenterCropPad', 'negative axis', [x('N', 5, 3), list(2)], { axes: [-1] }),
  one('ReverseSequence', 'time first', [x(4, 3, 2), value(int64([3], [1, 3, 4]))], {}),
  one('ReverseSequence', 'batch first', [x(3, 4, 2), value(int64([3], [2, 4, 1]))], { time_axis: 1, batch_axis: 0 }),

  one('Where', 'both depend on the image', [value(bool([2, 3], [1, 0, 1, 0, 0, 1])), x('N', 2, 3), x('N', 2, 3)]),
  one('Where', 'the condition stretches', [value(bool([3], [1, 0, 1])), x('N', 2, 3), x(1)]),
  one('Where', 'the operands stretch', [value(bool([2, 3], [1, 0, 1, 0, 0, 1])), x('N', 1, 1), x(3)]),
  one(
    'Where',
    'a mask',
    [value(bool([2, 3], [1, 0, 1, 0, 0, 1])), x('N', 2, 3), value(scalar(-1e9))],
    {},
    { tolerance: 1e-3 },
  ),
  several(
    'Where',
    'a condition that depends on the image',
    [x('N', 4), w(4)],
    [
      node('Greater', ['in0', 'in1'], ['above']),
      node('Mul', ['in0', 'in0'], ['square']),
      node('Where', ['above', 'in0', 'square'], ['y0']),
    ],
    { spaced: 0.25 },
  ),
  one('Trilu', 'upper', [x('N', 3, 4)]),
  one('Trilu', 'lower, shifted', [x('N', 4, 3), value(int64([], [-1]))], { upper: 0 }),
  one('Trilu', 'upper, shifted', [x('N', 4, 3), value(int64([], [1]))], { upper: 1 }),
];
