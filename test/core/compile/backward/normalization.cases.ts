import { node, one, several, w, within, x, type GradientCase } from '../../../support/gradient-case.js';

const batchNorm = (detail: string, size: readonly number[], attributes = {}): GradientCase =>
  one('BatchNormalization', detail, [x('N', 3, ...size), w(3), w(3), w(3), within(0.5, 2, 3)], attributes);

/** Statistics of numbers that lie close together bend too much for finite differences. */
const wide = (row: GradientCase): GradientCase => ({
  ...row,
  options: { range: [-3, 3], tolerance: 1e-3, ...row.options },
});

export const normalizationCases: readonly GradientCase[] = [
  batchNorm('rank 2', []),
  batchNorm('rank 3', [4]),
  batchNorm('rank 4', [2, 3], { epsilon: { float: 0.1 } }),
  batchNorm('rank 5', [2, 1, 3]),
  one(
    'BatchNormalization',
    'opset 9',
    [x('N', 3, 2), w(3), w(3), w(3), within(0.5, 2, 3)],
    { momentum: { float: 0.9 } },
    { opset: 9 },
  ),

  one('LayerNormalization', 'last axis', [x('N', 3, 4), w(4), w(4)]),
  one('LayerNormalization', 'no bias', [x('N', 3, 4), w(4)]),
  one('LayerNormalization', 'axis 1', [x('N', 3, 4), w(3, 4), w(3, 4)], { axis: 1, epsilon: { float: 1e-2 } }),
  one('LayerNormalization', 'axis -2', [x('N', 2, 3, 2), w(3, 2)], { axis: -2 }),
  one('LayerNormalization', 'axis 0', [x('N', 4), w('N', 4)], { axis: 0 }),
  several(
    'LayerNormalization',
    'as exporters of old opsets write it',
    [x('N', 3, 4), w(4), w(4)],
    [
      node('ReduceMean', ['in0'], ['mean'], { axes: [-1] }),
      node('Sub', ['in0', 'mean'], ['centre']),
      node('Mul', ['centre', 'centre'], ['square']),
      node('ReduceMean', ['square'], ['variance'], { axes: [-1] }),
      node('Sqrt', ['variance'], ['deviation']),
      node('Div', ['centre', 'deviation'], ['normal']),
      node('Mul', ['normal', 'in1'], ['scaled']),
      node('Add', ['scaled', 'in2'], ['y0']),
    ],
    { opset: 13 },
  ),
  one('RMSNormalization', 'last axis', [x('N', 3, 4), w(4)], {}, { opset: 23 }),
  one('RMSNormalization', 'axis 1', [x('N', 3, 4), w(3, 4)], { axis: 1, epsilon: { float: 1e-2 } }, { opset: 23 }),
  one('InstanceNormalization', 'rank 3', [x('N', 2, 5), w(2), w(2)]),
  one('InstanceNormalization', 'rank 4', [x('N', 2, 3, 3), w(2), w(2)], { epsilon: { float: 0.1 } }),
  one('InstanceNormalization', 'rank 5', [x('N', 2, 2, 2, 2), w(2), w(2)]),
  one('GroupNormalization', 'two groups', [x('N', 4, 2, 3), w(4), w(4)], { num_groups: 2 }),
  one('GroupNormalization', 'one group, rank 3', [x('N', 4, 3), w(4), w(4)], {
    num_groups: 1,
    epsilon: { float: 0.1 },
  }),
  one('GroupNormalization', 'a group per channel', [x('N', 2, 3, 2), w(2), w(2)], { num_groups: 2 }),
  one(
    'GroupNormalization',
    'opset 18: scale per group',
    [x('N', 4, 2, 3), w(2), w(2)],
    { num_groups: 2 },
    { opset: 18 },
  ),
  one('MeanVarianceNormalization', 'default axes', [x('N', 2, 3, 2)], {}, { batches: [2, 3] }),
  one('MeanVarianceNormalization', 'spatial axes', [x('N', 2, 3, 2)], { axes: [2, 3] }),
  one('MeanVarianceNormalization', 'negative axis', [x('N', 4)], { axes: [-1] }),
  one('LpNormalization', 'p 2, last axis', [x('N', 4)], {}, { away: [0] }),
  one('LpNormalization', 'p 1, axis 1', [x('N', 3, 4)], { p: 1, axis: 1 }, { away: [0] }),
  one('LpNormalization', 'p 2, the batch axis', [x('N', 3)], { p: 2, axis: 0 }, { away: [0], batches: [3] }),
  one('LRN', 'odd size', [x('N', 5, 2, 2)], { size: 3 }),
  one('LRN', 'wider than the channels', [x('N', 3, 2, 2)], { size: 9, alpha: { float: 2 } }),
  one('LRN', 'strong', [x('N', 6, 1, 2)], { size: 5, alpha: { float: 3 }, beta: { float: 0.75 }, bias: { float: 1 } }),
].map(wide);
