import type { Node, Tensor } from '../../../../core/onnx/graph.js';
import { float32, ints, scalar } from '../../../../core/onnx/tensor.js';
import { op } from '../support/graphs.js';

/** One rewrite: x is [2,3,4,6] in NCHW, h the same in NHWC, y the output. */
export interface Rewrite {
  readonly title: string;
  readonly nodes: readonly Node[];
  readonly constants?: Readonly<Record<string, Tensor>>;
  /** Title of the row with the same result, where the engine cannot run the graph as it was. */
  readonly equals?: string;
}

export const toNhwc = (from: string, to: string): Node => op('Transpose', from, to, { perm: [0, 2, 3, 1] });
export const toNchw = (from: string, to: string): Node => op('Transpose', from, to, { perm: [0, 3, 1, 2] });

/** What one op does between the two Transposes. */
function between(title: string, nodes: readonly Node[], constants: Readonly<Record<string, Tensor>> = {}): Rewrite {
  return { title, nodes: [toNhwc('x', 'h'), ...nodes, toNchw('z', 'y')], constants };
}

/** Numbers that differ, so that a wrong order is seen. */
export function counting(...dims: number[]): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return float32(
    dims,
    Array.from({ length: size }, (_, i) => ((i * 7) % 11) / 4 - 1),
  );
}

export const rewrites: readonly Rewrite[] = [
  between('one activation', [op('Relu', 'h', 'z')]),
  between('bounds are no layout', [op('Clip', 'h, low, high', 'z')], { low: scalar(0), high: scalar(6) }),
  between('a bias of one number per channel', [op('Add', 'h, bias', 'z')], { bias: counting(3) }),
  between('a constant of another rank on the left', [op('Sub', 'mean, h', 'z')], { mean: counting(6, 3) }),
  between('one number', [op('Mul', 'h, factor', 'z')], { factor: counting(1) }),
  between('slopes per channel', [op('PRelu', 'h, slope', 'z')], { slope: counting(3) }),
  between('two values in one order', [op('Sigmoid', 'h', 'a'), op('Mul', 'h, a', 'z')]),
  between(
    'a choice between two values',
    [op('Greater', 'h, zero', 'mask'), op('Neg', 'h', 'a'), op('Where', 'mask, h, a', 'z')],
    { zero: scalar(0) },
  ),
  between('joined along the channels', [op('Tanh', 'h', 'a'), op('Concat', 'h, a', 'z', { axis: -1 })]),
  between('joined with a constant for one image', [op('Concat', 'h, more', 'z', { axis: 0 })], {
    more: counting(1, 4, 6, 3),
  }),
  between(
    'taken apart along the channels',
    [op('Split', 'h, sizes', 'a, b', { axis: 3 }), op('Concat', 'b, a', 'z', { axis: 3 })],
    { sizes: ints(1, 2) },
  ),
  between('padding', [op('Pad', 'h, pads', 'z')], { pads: ints(0, 1, 2, 0, 0, 0, 1, 0) }),
  {
    // ONNX Runtime 1.30 looks past the end of `axes` when it moves a Transpose by itself.
    ...between('padding of named axes', [op('Pad', 'h, pads, , axes', 'z')], {
      pads: ints(1, 2, 0, 1),
      axes: ints(1, 2),
    }),
    equals: 'padding',
  },
  between('a crop', [op('Slice', 'h, from, to, axes, steps', 'z')], {
    from: ints(1, 0),
    to: ints(4, 6),
    axes: ints(1, 2),
    steps: ints(1, 2),
  }),
  between('a crop of the first axes', [op('Slice', 'h, from, to', 'z')], { from: ints(0, 1, 2), to: ints(2, 4, 6) }),
  between('the mean over the pixels', [op('ReduceMean', 'h, axes', 'z', { keepdims: 1 })], { axes: ints(1, 2) }),
  between('softmax over the channels', [op('Softmax', 'h', 'z', { axis: -1 })]),
  between(
    'nearest neighbours',
    [op('Resize', 'h, , scales', 'z', { mode: 'nearest', coordinate_transformation_mode: 'asymmetric' })],
    { scales: float32([4], [1, 2, 2, 1]) },
  ),
  between('linear to a size', [op('Resize', 'h, , , sizes', 'z', { mode: 'linear' })], { sizes: ints(2, 8, 9, 3) }),
  between('repeated', [op('Tile', 'h, repeats', 'z')], { repeats: ints(1, 1, 2, 3) }),
  between('broadcast', [op('ReduceMax', 'h, axes', 'a', { keepdims: 1 }), op('Expand', 'a, shape', 'z')], {
    axes: ints(1),
    shape: ints(2, 4, 6, 3),
  }),
  between('some of the channels', [op('Gather', 'h, order', 'z', { axis: 3 })], { order: ints(2, 0) }),
  between('summed up along the rows', [op('CumSum', 'h, axis', 'z')], { axis: ints(2) }),
  between(
    'quantised per channel',
    [
      op('QuantizeLinear', 'h, scale, zero', 'a', { axis: 3 }),
      op('DequantizeLinear', 'a, scale, zero', 'z', { axis: 3 }),
    ],
    {
      scale: float32([3], [0.1, 0.2, 0.3]),
      zero: { dtype: 'uint8', dims: [3], data: Uint8Array.of(128, 100, 90) },
    },
  ),
  {
    title: 'squeeze and excitation: the small value is reshaped, not transposed',
    nodes: [
      toNhwc('x', 'h'),
      op('ReduceMean', 'h, pixels', 'mean', { keepdims: 0 }),
      op('MatMul', 'mean, weight', 'mixed'),
      op('Reshape', 'mixed, shape', 'square'),
      op('Sigmoid', 'square', 'gate'),
      op('Mul', 'h, gate', 'z'),
      toNchw('z', 'y'),
    ],
    constants: { pixels: ints(1, 2), weight: counting(3, 3), shape: ints(2, 1, 1, 3) },
  },
  {
    title: 'several in a row are one',
    nodes: [
      op('Transpose', 'x', 'a', { perm: [1, 0, 2, 3] }),
      op('Transpose', 'a', 'b', { perm: [0, 2, 1, 3] }),
      op('Transpose', 'b', 'c', { perm: [2, 0, 1, 3] }),
      op('MaxPool', 'c', 'y', { kernel_shape: [1, 2] }),
    ],
  },
  {
    title: 'one for all who need it',
    nodes: [
      toNhwc('x', 'a'),
      toNhwc('x', 'b'),
      op('MaxPool', 'a', 'p', { kernel_shape: [2, 2] }),
      op('AveragePool', 'b', 'q', { kernel_shape: [2, 2] }),
      op('Add', 'p, q', 'y'),
    ],
  },
  {
    title: 'an axis of one element moves for nothing',
    nodes: [
      op('ReduceMean', 'x, channels', 'grey', { keepdims: 1 }),
      toNhwc('grey', 'a'),
      op('Mul', 'a, row', 'b'),
      toNchw('b', 'c'),
      op('MaxPool', 'c', 'y', { kernel_shape: [2, 2] }),
    ],
    constants: { channels: ints(1), row: counting(6, 1) },
  },
  {
    title: 'flattening keeps its Transpose, behind the pixels that are left',
    nodes: [
      toNhwc('x', 'a'),
      op('Relu', 'a', 'b'),
      op('ReduceMax', 'b, rows', 'c', { keepdims: 1 }),
      op('Flatten', 'c', 'y', { axis: 1 }),
    ],
    constants: { rows: ints(1) },
  },
  {
    title: 'the larger of two values stays where it is',
    nodes: [
      op('ReduceMean', 'x, rows', 'small', { keepdims: 1 }),
      toNhwc('x', 'a'),
      op('Transpose', 'small', 'b', { perm: [0, 3, 2, 1] }),
      op('MaxPool', 'b', 'c', { kernel_shape: [1, 1] }),
      op('Reshape', 'c, shape', 'd'),
      op('Add', 'a, d', 'e'),
      toNchw('e', 'y'),
    ],
    constants: { rows: ints(2), shape: ints(2, 1, 6, 3) },
  },
  {
    title: 'normalised over an axis that stays the last',
    nodes: [
      op('Transpose', 'x', 'a', { perm: [0, 2, 1, 3] }),
      op('LayerNormalization', 'a, scale', 'b', { axis: -1 }),
      op('MatMul', 'b, weight', 'c'),
      op('Transpose', 'c', 'y', { perm: [0, 2, 1, 3] }),
    ],
    constants: { scale: counting(6), weight: counting(6, 5) },
  },
];

/** Graphs without anything to gain: the pass must hand them back as they are. */
export const untouched: readonly Rewrite[] = [
  { title: 'no Transpose', nodes: [op('Relu', 'x', 'y')] },
  { title: 'a single one', nodes: [toNhwc('x', 'a'), op('MaxPool', 'a', 'y', { kernel_shape: [2, 2] })] },
  {
    title: 'channel shuffle: a Reshape on both sides',
    nodes: [
      op('Reshape', 'x, split', 'a'),
      op('Transpose', 'a', 'b', { perm: [0, 2, 1, 3] }),
      op('Reshape', 'b, joined', 'y'),
    ],
    constants: { split: ints(2, 3, 2, 12), joined: ints(2, 6, 4, 3) },
  },
  {
    title: 'a maximum over axes whose order would change',
    nodes: [op('Transpose', 'x', 'a', { perm: [0, 3, 2, 1] }), op('ReduceMax', 'a, axes', 'y', { keepdims: 0 })],
    constants: { axes: ints(1, 2) },
  },
  {
    title: 'interpolation over the channels',
    nodes: [toNchw('x', 'a'), op('Resize', 'a, , scales', 'b', { mode: 'linear' }), toNhwc('b', 'y')],
    constants: { scales: float32([4], [1, 1, 2, 2]) },
  },
];
