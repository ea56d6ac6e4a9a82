import type { Tensor } from '../../../core/onnx/graph.js';
import { array, literal, noise, tensor } from './array.js';
import { oneNode, type EngineCase } from './program.js';

/** Ops that move, choose, compare or convert values. Results are exact. */
export function layoutCases(): EngineCase[] {
  return [...slices(), ...pads(), ...rearrangements(), ...choices(), ...conversions()];
}

/** Far beyond every extent: the way exporters write "to the end". */
const end = 2 ** 31 - 1;

function ints(...values: number[]): Tensor {
  return tensor(literal([values.length], values), 'int64');
}

function slices(): EngineCase[] {
  const x = noise([2, 3, 6, 7]);
  return [
    oneNode('Slice', 'strides on two axes', {
      inputs: [x, ints(1, 0), ints(end, 6), ints(2, 3), ints(2, 3)],
      expected: array([2, 3, 3, 2], (n, c, y, z) => x.at(n, c, 1 + 2 * y, 3 * z)),
    }),
    oneNode('Slice', 'negative bounds and axis', {
      inputs: [x, ints(-3), ints(-1), ints(-1)],
      expected: array([2, 3, 6, 2], (n, c, y, z) => x.at(n, c, y, 4 + z)),
    }),
    oneNode('Slice', 'a negative step reverses', {
      inputs: [x, ints(-1, -1), ints(-end, -end), ints(2, 3), ints(-1, -1)],
      expected: array([2, 3, 6, 7], (n, c, y, z) => x.at(n, c, 5 - y, 6 - z)),
    }),
    oneNode('Split', 'unequal parts', {
      inputs: [noise([2, 5]), ints(2, 3)],
      attributes: { axis: 1 },
      expected: [array([2, 2], (i, j) => noise([2, 5]).at(i, j)), array([2, 3], (i, j) => noise([2, 5]).at(i, 2 + j))],
    }),
  ];
}

function pads(): EngineCase[] {
  const x = noise([2, 3, 4]);
  return [
    oneNode('Pad', 'zeros by default', {
      inputs: [x, ints(0, 1, 2, 0, 0, 1)],
      expected: array([2, 4, 7], (n, y, z) => x.at(n, y - 1, z - 2)),
    }),
    oneNode('Pad', 'with a given value', {
      inputs: [x, ints(0, 0, 1, 0, 0, 1), literal([], [-Infinity])],
      expected: array([2, 3, 6], (n, y, z) => (z === 0 || z === 5 ? -Infinity : x.at(n, y, z - 1))),
    }),
    oneNode('Pad', 'negative amounts crop', {
      inputs: [x, ints(0, -1, 1, 0, 0, -2)],
      expected: array([2, 2, 3], (n, y, z) => x.at(n, y + 1, z - 1)),
    }),
    oneNode('Pad', 'reflects without repeating the edge', {
      inputs: [x, ints(0, 0, 2, 0, 0, 1)],
      attributes: { mode: 'reflect' },
      expected: array([2, 3, 7], (n, y, z) => x.at(n, y, [2, 1, 0, 1, 2, 3, 2][z]!)),
    }),
  ];
}

function rearrangements(): EngineCase[] {
  const x = noise([2, 3, 4]);
  const flat = (dims: readonly number[]) => literal(dims, x.data);
  return [
    oneNode('Transpose', 'three axes', {
      inputs: [x],
      attributes: { perm: [2, 0, 1] },
      expected: array([4, 2, 3], (a, b, c) => x.at(b, c, a)),
    }),
    oneNode('Transpose', 'six axes, as interleaved phases need', {
      inputs: [noise([2, 2, 3, 2, 2, 2])],
      attributes: { perm: [0, 3, 4, 1, 5, 2] },
      expected: array([2, 2, 2, 2, 2, 3], (a, b, c, d, e, f) => noise([2, 2, 3, 2, 2, 2]).at(a, d, f, b, c, e)),
    }),
    oneNode('Reshape', 'one extent inferred', { inputs: [x, ints(-1, 6)], expected: flat([4, 6]) }),
    oneNode('Reshape', '0 keeps an extent', { inputs: [x, ints(0, -1)], expected: flat([2, 12]) }),
    oneNode('Flatten', 'from axis 1', { inputs: [x], attributes: { axis: 1 }, expected: flat([2, 12]) }),
    oneNode('Unsqueeze', 'two axes', { inputs: [x, ints(0, 3)], expected: flat([1, 2, 3, 1, 4]) }),
    oneNode('Squeeze', 'named axes', { inputs: [flat([2, 1, 12, 1]), ints(1, 3)], expected: flat([2, 12]) }),
    oneNode('Concat', 'along a middle axis', {
      inputs: [x, noise([2, 2, 4], 2)],
      attributes: { axis: 1 },
      expected: array([2, 5, 4], (n, y, z) => (y < 3 ? x.at(n, y, z) : noise([2, 2, 4], 2).at(n, y - 3, z))),
    }),
    oneNode('Expand', 'axes of size 1, and new leading axes', {
      inputs: [noise([2, 1, 3]), ints(4, 1, 5, 1)],
      expected: array([4, 2, 5, 3], (_, n, __, z) => noise([2, 1, 3]).at(n, 0, z)),
    }),
    oneNode('Tile', 'repeats whole axes', {
      inputs: [x, ints(1, 2, 1)],
      expected: array([2, 6, 4], (n, y, z) => x.at(n, y % 3, z)),
    }),
    oneNode('Gather', 'rows in any order, also from behind', {
      inputs: [x, ints(2, 0, -1)],
      attributes: { axis: 1 },
      expected: array([2, 3, 4], (n, i, z) => x.at(n, [2, 0, 2][i]!, z)),
    }),
    oneNode('Gather', 'a scalar index drops the axis', {
      inputs: [x, tensor(literal([], [1]), 'int64')],
      attributes: { axis: 2 },
      expected: array([2, 3], (n, y) => x.at(n, y, 1)),
    }),
    oneNode('Shape', 'of the value at run time', { inputs: [x], expected: ints(2, 3, 4) }),
    oneNode('Identity', 'changes nothing', { inputs: [x], expected: x }),
  ];
}

function choices(): EngineCase[] {
  const a = literal([2, 3], [1, 2, 3, 4, 5, 6]);
  const b = literal([3], [3, 2, 1]);
  const bools = (...values: number[]): Tensor => tensor(literal([values.length], values), 'bool');
  const compare = (op: string, formula: (p: number, q: number) => boolean): EngineCase =>
    oneNode(op, 'gives truth values', {
      inputs: [a, b],
      expected: tensor(
        array([2, 3], (i, j) => Number(formula(a.at(i, j), b.at(j)))),
        'bool',
      ),
    });
  return [
    compare('Equal', (p, q) => p === q),
    compare('Less', (p, q) => p < q),
    compare('LessOrEqual', (p, q) => p <= q),
    compare('Greater', (p, q) => p > q),
    compare('GreaterOrEqual', (p, q) => p >= q),
    oneNode('Equal', 'of integers', {
      inputs: [tensor(literal([3], [1, 2, 3]), 'int64'), ints(1, 0, 3)],
      expected: bools(1, 0, 1),
    }),
    oneNode('And', 'truth table', { inputs: [bools(0, 0, 1, 1), bools(0, 1, 0, 1)], expected: bools(0, 0, 0, 1) }),
    oneNode('Or', 'truth table', { inputs: [bools(0, 0, 1, 1), bools(0, 1, 0, 1)], expected: bools(0, 1, 1, 1) }),
    oneNode('Not', 'truth table', { inputs: [bools(0, 1)], expected: bools(1, 0) }),
    oneNode('Where', 'condition and branches broadcast', {
      inputs: [tensor(literal([2, 1], [1, 0]), 'bool'), a, literal([], [0])],
      expected: literal([2, 3], [1, 2, 3, 0, 0, 0]),
    }),
    oneNode('Where', 'the branch not taken may be NaN', {
      inputs: [bools(1, 0), literal([2], [7, NaN]), literal([2], [NaN, 8])],
      expected: literal([2], [7, 8]),
    }),
  ];
}

/** Numbers of `TensorProto.DataType` in the ONNX schema. */
const float = 1;
const uint8 = 2;
const int32 = 6;
const int64 = 7;
const boolean = 9;

function conversions(): EngineCase[] {
  const numbers = literal([4], [-1.7, 0, 1, 2.9]);
  const cast = (detail: string, input: Tensor, to: number, expected: Tensor): EngineCase =>
    oneNode('Cast', detail, { inputs: [input], attributes: { to }, expected });
  const truth = tensor(literal([3], [0, 1, 1]), 'bool');
  const bytes = tensor(literal([3], [0, 128, 255]), 'uint8');
  return [
    cast(
      'float to bool: everything but 0 is true',
      tensor(numbers),
      boolean,
      tensor(literal([4], [1, 0, 1, 1]), 'bool'),
    ),
    cast('float to int64 cuts the fraction', tensor(numbers), int64, tensor(literal([4], [-1, 0, 1, 2]), 'int64')),
    cast('float to int32 cuts the fraction', tensor(numbers), int32, tensor(literal([4], [-1, 0, 1, 2]), 'int32')),
    cast('bool to float', truth, float, tensor(literal([3], [0, 1, 1]))),
    cast('bool to uint8', truth, uint8, tensor(literal([3], [0, 1, 1]), 'uint8')),
    cast('uint8 to float', bytes, float, tensor(literal([3], [0, 128, 255]))),
    cast('int64 to float', ints(-3, 0, 4), float, tensor(literal([3], [-3, 0, 4]))),
  ];
}
