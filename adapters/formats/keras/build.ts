import { createEmitter, type AttributeValue, type Emitter } from '../../../core/compile/emit.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import { float32, ints, scalar } from '../../../core/onnx/tensor.js';

/** A value of the graph with what is known of its shape. */
export interface Value {
  readonly name: string;
  readonly dims: Dims;
}

/** null is a size that is not known: that of the batch, and of images of any size. */
export type Dims = readonly (number | null)[];

type Attributes = Readonly<Record<string, AttributeValue>>;

/** Emits nodes and keeps track of shapes. */
export interface Build {
  readonly emitter: Emitter;
  /** Prefix of the names made from here on. */
  readonly scope: (prefix: string) => void;
  /** Any op whose result shape the caller knows. */
  op(op: string, inputs: readonly (Value | undefined)[], dims: Dims, attributes?: Attributes): Value;
  /** An element-wise op of one operand. */
  unary(op: string, x: Value, attributes?: Attributes): Value;
  /** An element-wise op of two operands, broadcast. */
  binary(op: string, a: Value, b: Value): Value;
  constant(tensor: Tensor, hint?: string): Value;
  number(value: number): Value;
  /** Values along one axis of a tensor of this rank, broadcastable to it. */
  along(values: ArrayLike<number>, axis: number, rank: number, hint?: string): Value;
  transpose(x: Value, perm: readonly number[]): Value;
  /** At most one size besides the batch may be unknown. */
  reshape(x: Value, dims: Dims): Value;
  reduce(op: string, x: Value, axes: readonly number[], keepDims: boolean): Value;
  concat(parts: readonly Value[], axis: number): Value;
  /** Cuts `[start, end)` with a step of 1 along axes of known size; negative ends count from the end. */
  slice(x: Value, axes: readonly number[], starts: readonly number[], ends: readonly number[]): Value;
}

/** @param fail throws the error of what is being translated. */
export function createBuild(taken: ReadonlySet<string>, fail: (problem: string) => never): Build {
  const emitter = createEmitter(taken);
  const build: Build = {
    emitter,
    scope: (prefix) => {
      emitter.scope(prefix);
    },
    op: (op, inputs, dims, attributes) => ({
      name: emitter.op(op, withoutTrailing(inputs.map((input) => input?.name ?? '')), attributes),
      dims,
    }),
    unary: (op, x, attributes) => build.op(op, [x], x.dims, attributes),
    binary: (op, a, b) => build.op(op, [a, b], broadcast(a.dims, b.dims, fail)),
    constant: (tensor, hint) => ({ name: emitter.constant(tensor, hint), dims: tensor.dims }),
    number: (value) => build.constant(scalar(value)),
    along: (values, axis, rank, hint) =>
      build.constant(float32(new Array<number>(rank).fill(1).with(axis, values.length), values), hint),
    transpose: (x, perm) => ({ name: emitter.transpose(x.name, perm), dims: perm.map((axis) => x.dims[axis]!) }),
    reshape: (x, dims) => {
      const target = dims.map((dim, axis) => dim ?? (axis === 0 && x.dims[0] === null ? 0 : -1));
      if (target.filter((dim) => dim === -1).length > 1 || dims.includes(0))
        fail(`is reshaped from ${shown(x.dims)} to ${shown(dims)}, which leaves its shape open`);
      return build.op('Reshape', [x, build.constant(ints(...target))], dims);
    },
    reduce: (op, x, axes, keepDims) => {
      const dims = keepDims
        ? x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
        : x.dims.filter((_, axis) => !axes.includes(axis));
      return build.op(op, [x, build.constant(ints(...axes))], dims, { keepdims: keepDims ? 1 : 0 });
    },
    concat: (parts, axis) => {
      const [first] = parts;
      const total = parts.reduce<number | null>((sum, { dims }) => {
        const dim = dims[axis] ?? null;
        return sum === null || dim === null ? null : sum + dim;
      }, 0);
      return build.op('Concat', parts, first!.dims.with(axis, total), { axis });
    },
    slice: (x, axes, starts, ends) => {
      const dims = x.dims.map((dim, axis) => {
        const i = axes.indexOf(axis);
        if (i < 0 || dim === null) return dim;
        const place = (at: number): number => Math.min(dim, Math.max(0, at < 0 ? at + dim : at));
        return Math.max(0, place(ends[i]!) - place(starts[i]!));
      });
      if (dims.includes(0)) fail(`cuts ${shown(x.dims)} down to nothing`);
      return build.op(
        'Slice',
        [x, build.constant(ints(...starts)), build.constant(ints(...ends)), build.constant(ints(...axes))],
        dims,
      );
    },
  };
  return build;
}

/** NumPy's rule. */
export function broadcast(a: Dims, b: Dims, fail: (problem: string) => never): Dims {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const size = (dims: Dims): number | null => (i < rank - dims.length ? 1 : (dims[i - rank + dims.length] ?? null));
    const [x, y] = [size(a), size(b)];
    if (x === 1) return y;
    if (y === 1 || x === y) return x;
    if (x === null || y === null) return x ?? y;
    return fail(`combines the shapes ${shown(a)} and ${shown(b)}`);
  });
}

export function shown(dims: Dims): string {
  return `[${dims.map((dim) => dim ?? '?').join(', ')}]`;
}

function withoutTrailing(names: readonly string[]): string[] {
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1);
}
