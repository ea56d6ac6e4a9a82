import { intOf, intsOf } from '../attributes.js';
import type { Attribute, Node, Tensor } from '../graph.js';
import { int64, ints, sizeOf } from '../tensor.js';
import type { Arrangement } from './arrangement.js';
import { dropped, keepsElements, permuted, type Permutation } from './permutation.js';

/** An op on the stored form of its first input. */
export interface Moved {
  readonly op?: string;
  /** All inputs but the first. */
  readonly rest: readonly string[];
  readonly attributes?: ReadonlyMap<string, Attribute>;
  /** The model's outputs are these, transposed by it. */
  readonly perm: Permutation;
}

/**
 * `op(Transpose(x, perm))` as `Transpose(op'(x), perm')`; undefined where there is no such form.
 * @param x shape of the stored value.
 */
export type Move = (node: Node, perm: Permutation, x: readonly number[], a: Arrangement) => Moved | undefined;

const unchanged: Move = (node, perm, _, a) => ({ rest: others(node, a), perm });

/** The axis is an attribute. */
const along =
  (fallback: number): Move =>
  (node, perm, _, a) => {
    const axis = axisOf(intOf(node, 'axis', fallback), perm);
    return axis === undefined ? undefined : { rest: others(node, a), attributes: set(node, 'axis', perm[axis]!), perm };
  };

/** ArgMax, ArgMin. */
const alongOne: Move = (node, perm, x, a) => {
  const moved = along(0)(node, perm, x, a);
  const axis = axisOf(intOf(node, 'axis', 0), perm);
  return moved && intOf(node, 'keepdims', 1) === 0 ? { ...moved, perm: dropped(perm, [axis!]) } : moved;
};

/** Only where the reduced axes stay in their order: which of two equal maxima comes first must not change. */
const reduce: Move = (node, perm, _, a) => {
  const given = node.inputs[1] ? a.numbers(node.inputs[1]) : intsOf(node, 'axes', []);
  const axes = given && axesOf(given, perm)?.sort((left, right) => left - right);
  if (!axes?.length) return undefined;
  const moved = axes.map((axis) => perm[axis]!);
  if (moved.some((axis, i) => i > 0 && axis < moved[i - 1]!)) return undefined;
  return {
    rest: [a.addConstant(node, 'axes', ints(...moved))],
    attributes: new Map([...node.attributes].filter(([name]) => name !== 'axes')),
    perm: intOf(node, 'keepdims', 1) === 0 ? dropped(perm, axes) : perm,
  };
};

const pad: Move = (node, perm, x, a) => {
  const [, pads = '', value = '', axes = ''] = node.inputs;
  if (axes !== '') {
    const moved = indices(node, axes, 'axes', perm, a);
    return moved === undefined ? undefined : { rest: [a.original(pads), a.original(value), moved], perm };
  }
  const amounts = a.numbers(pads);
  if (amounts?.length !== 2 * x.length) return undefined;
  const place = (half: number): number[] => inStoredOrder(amounts.slice(half * x.length, (half + 1) * x.length), perm);
  const moved = a.addConstant(node, 'pads', ints(...place(0), ...place(1)));
  return { rest: value === '' ? [moved] : [moved, a.original(value)], perm };
};

const slice: Move = (node, perm, _, a) => {
  const [, starts = '', ends = '', axes = '', steps = ''] = node.inputs;
  const from = a.constant(starts);
  if (!from) return undefined;
  const given = axes === '' ? from.data.length : undefined;
  const moved =
    given === undefined
      ? indices(node, axes, 'axes', perm, a)
      : a.addConstant(node, 'axes', like(from, [given], perm.slice(0, given)));
  if (moved === undefined) return undefined;
  const rest = [a.original(starts), a.original(ends), moved];
  return { rest: steps === '' ? rest : [...rest, a.original(steps)], perm };
};

/** One index keeps no axis, a list of them one; with more the result has axes that the stored form lacks. */
const gather: Move = (node, perm, x, a) => {
  const moved = along(0)(node, perm, x, a);
  const axis = axisOf(intOf(node, 'axis', 0), perm);
  const rank = a.dims(node.inputs[1]!).length;
  if (!moved || rank > 1) return undefined;
  return rank === 1 ? moved : { ...moved, perm: dropped(perm, [axis!]) };
};

/** Engines interpolate over the last two axes: the others must keep their extent. */
const resize: Move = (node, perm, x, a) => {
  const [, roi = '', scales = '', sizes = ''] = node.inputs;
  if ((roi !== '' && a.numbers(roi)?.length !== 0) || node.attributes.has('axes')) return undefined;
  const given = a.numbers(sizes || scales);
  if (given?.length !== x.length) return undefined;
  const moved = inStoredOrder(given, perm);
  if (moved.some((amount, axis) => axis < x.length - 2 && amount !== (sizes ? x[axis] : 1))) return undefined;
  const tensor = like(a.constant(sizes || scales)!, [moved.length], moved);
  const name = a.addConstant(node, sizes ? 'sizes' : 'scales', tensor);
  return { rest: sizes ? [roi, '', name] : [roi, name], perm };
};

const tile: Move = (node, perm, x, a) => {
  const repeats = a.numbers(node.inputs[1]!);
  if (repeats?.length !== x.length) return undefined;
  return { rest: [a.addConstant(node, 'repeats', ints(...inStoredOrder(repeats, perm)))], perm };
};

/** Normalises over all axes from one on: they must be the last ones of the stored form, in the same order. */
const normalise: Move = (node, perm, _, a) => {
  const axis = axisOf(intOf(node, 'axis', -1), perm);
  if (axis === undefined || node.outputs.slice(1).some((name) => name !== '')) return undefined;
  return perm.slice(axis).every((from, i) => from === axis + i) ? { rest: others(node, a), perm } : undefined;
};

/** A matrix acts on the last axis alone. */
const matmul: Move = (node, perm, _, a) => {
  const last = perm.length - 1;
  const matrix = a.dims(node.inputs[1]!).length === 2;
  return matrix && last > 1 && perm[last] === last ? { rest: others(node, a), perm } : undefined;
};

/** QuantizeLinear, DequantizeLinear. */
const quantize: Move = (node, perm, x, a) => {
  if (intOf(node, 'block_size', 0) !== 0) return undefined;
  return a.dims(node.inputs[1]!).length === 0 ? unchanged(node, perm, x, a) : along(1)(node, perm, x, a);
};

const cumulativeSum: Move = (node, perm, _, a) => {
  const axis = indices(node, node.inputs[1]!, 'axis', perm, a);
  return axis === undefined ? undefined : { rest: [axis], perm };
};

/** Where the elements are in the model's order anyway, a reshape of the stored form. */
const reshape: Move = (node, perm, x, a) => {
  const target = a.dims(node.outputs[0]!);
  if (sizeOf(target) === 0 || !keepsElements(x, perm)) return undefined;
  return reshaped(
    node,
    target,
    target.map((_, axis) => axis),
    a,
  );
};

/** Squeeze drops axes of one element from the stored form as well. */
const squeeze: Move = (node, perm, x, a) => {
  const given = node.inputs[1] ? a.numbers(node.inputs[1]) : undefined;
  const ones = perm.flatMap((from, axis) => (x[from] === 1 ? [axis] : []));
  const axes = given ? axesOf(given, perm) : node.inputs[1] ? undefined : ones;
  if (!axes?.every((axis) => x[perm[axis]!] === 1)) return undefined;
  const gone = new Set(axes.map((axis) => perm[axis]!));
  const target = x.filter((_, axis) => !gone.has(axis));
  return sizeOf(target) === 0 ? undefined : reshaped(node, target, dropped(perm, axes), a);
};

function reshaped(node: Node, dims: readonly number[], perm: Permutation, a: Arrangement): Moved {
  return { op: 'Reshape', rest: [a.addConstant(node, 'shape', ints(...dims))], attributes: new Map(), perm };
}

const reductions = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'];

const elementwise = [
  ...['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'BitwiseNot', 'Cast', 'Ceil', 'Celu', 'Clip', 'Cos'],
  ...[
    'Cosh',
    'Dropout',
    'Elu',
    'Erf',
    'Exp',
    'Floor',
    'Gelu',
    'HardSigmoid',
    'HardSwish',
    'Identity',
    'IsInf',
    'IsNaN',
  ],
  ...['LeakyRelu', 'Log', 'Mish', 'Neg', 'Not', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Shrink', 'Sigmoid', 'Sign'],
  ...['Sin', 'Sinh', 'Softplus', 'Softsign', 'Sqrt', 'Tan', 'Tanh', 'ThresholdedRelu'],
];

/** Ops of the default domain that a Transpose of their first input can be moved behind. */
export const moves: ReadonlyMap<string, Move> = new Map<string, Move>([
  ...elementwise.map((op) => [op, unchanged] as const),
  ...reductions.map((name) => [`Reduce${name}`, reduce] as const),
  ['ArgMax', alongOne],
  ['ArgMin', alongOne],
  ['CumSum', cumulativeSum],
  ['DequantizeLinear', quantize],
  ['Flatten', reshape],
  ['Gather', gather],
  ['Hardmax', along(-1)],
  ['LayerNormalization', normalise],
  ['LogSoftmax', along(-1)],
  ['LpNormalization', along(-1)],
  ['MatMul', matmul],
  ['Pad', pad],
  ['QuantizeLinear', quantize],
  ['Reshape', reshape],
  ['Resize', resize],
  ['RMSNormalization', normalise],
  ['Slice', slice],
  ['Softmax', along(-1)],
  ['Split', along(0)],
  ['Squeeze', squeeze],
  ['Tile', tile],
  ['TopK', along(-1)],
  ['Unsqueeze', reshape],
]);

function others(node: Node, a: Arrangement): string[] {
  return node.inputs.slice(1).map((name) => a.original(name));
}

/** What is given per axis of the model, per axis of the stored form. */
function inStoredOrder(values: readonly number[], perm: Permutation): number[] {
  const result = new Array<number>(values.length);
  values.forEach((value, axis) => (result[perm[axis]!] = value));
  return result;
}

/** A constant list of axes of the model, as axes of the stored form. */
function indices(node: Node, name: string, hint: string, perm: Permutation, a: Arrangement): string | undefined {
  const given = a.numbers(name);
  const axes = given && axesOf(given, perm);
  if (!axes) return undefined;
  const tensor = a.constant(name)!;
  return a.addConstant(node, hint, like(tensor, tensor.dims, permuted(perm, axes)));
}

function like({ dtype }: Tensor, dims: readonly number[], values: readonly number[]): Tensor {
  if (dtype === 'int32') return { dtype, dims, data: Int32Array.from(values) };
  if (dtype === 'float32') return { dtype, dims, data: Float32Array.from(values) };
  return int64(dims, values);
}

function axesOf(given: readonly number[], perm: Permutation): number[] | undefined {
  const axes = given.flatMap((axis) => axisOf(axis, perm) ?? []);
  return axes.length === given.length ? axes : undefined;
}

function axisOf(axis: number, perm: Permutation): number | undefined {
  const positive = axis < 0 ? axis + perm.length : axis;
  return positive >= 0 && positive < perm.length ? positive : undefined;
}

function set(node: Node, name: string, value: number): ReadonlyMap<string, Attribute> {
  return new Map([...node.attributes, [name, { type: 'int', value }]]);
}
