import type { Attribute, Node, Tensor } from '../onnx/graph.js';
import { ints } from '../onnx/tensor.js';

/** Appends nodes to a program. Every method returns the name of the value it makes. */
export interface Emitter {
  /** Prefix of the names made from here on, so that a printed program says which forward node a line belongs to. */
  scope(prefix: string): void;
  op(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, AttributeValue>>): string;
  /** Several outputs. */
  ops(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string[];
  /** Equal small constants share one initializer. */
  constant(tensor: Tensor, hint?: string): string;
  /**
   * `-1` is inferred. A reshape of a reshape is folded into one; back to the shape before, it is none.
   * @param own shape of the value, where the caller knows it.
   */
  reshape(value: string, dims: readonly number[], own?: readonly number[]): string;
  /** What a value was reshaped from, where the shape before is known. */
  origin(value: string): Origin | undefined;
  transpose(value: string, perm: readonly number[]): string;
  reduceSum(value: string, axes: readonly number[], keepDims?: boolean): string;
  slice(
    value: string,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps?: readonly number[],
  ): string;
  /** Zero padding (or `fill`); one pair per axis. Negative values crop. */
  pad(value: string, before: readonly number[], after: readonly number[], fill?: string): string;
  /** Broadcasts axes of size 1 to `dims`; a 1 in `dims` leaves the axis as it is. */
  expand(value: string, dims: readonly number[]): string;
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

export interface Origin {
  readonly value: string;
  readonly dims: readonly number[];
  readonly reshaped: readonly number[];
}

export type AttributeValue = number | string | readonly number[] | { readonly float: number };

/** @param taken names that must not be made again. */
export function createEmitter(taken: ReadonlySet<string>): Emitter {
  const nodes: Node[] = [];
  const initializers = new Map<string, Tensor>();
  const shared = new Map<string, string>();
  const reshaped = new Map<string, { readonly source: string; readonly dims: readonly number[] }>();
  const shapes = new Map<string, readonly number[]>();
  const used = new Set(taken);
  /** The next suffix to try for a name, so that a thousand equal hints do not search a million names. */
  const suffixes = new Map<string, number>();
  let prefix = '';

  const fresh = (hint: string, within = prefix): string => {
    const base = within ? `${within}/${hint}` : hint;
    let name = base;
    let suffix = suffixes.get(base) ?? 2;
    while (used.has(name)) name = `${base}_${suffix++}`;
    suffixes.set(base, suffix);
    used.add(name);
    return name;
  };

  const emitter: Emitter = {
    nodes,
    initializers,
    scope: (next) => {
      prefix = next;
    },
    op: (op, inputs, attributes) => emitter.ops(op, inputs, 1, attributes)[0]!,
    ops: (op, inputs, count, attributes = {}) => {
      const outputs = Array.from({ length: count }, () => fresh(op));
      nodes.push({
        name: outputs[0]!,
        op,
        domain: '',
        inputs,
        outputs,
        attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, toAttribute(value)])),
      });
      const shape = op === 'Relu' ? shapes.get(inputs[0]!) : undefined;
      if (shape) shapes.set(outputs[0]!, shape);
      return outputs;
    },
    constant: (tensor, hint = 'const') => {
      const key = tensor.data.length <= 64 ? `${tensor.dtype}[${tensor.dims}]${tensor.data.join()}` : undefined;
      const known = key === undefined ? undefined : shared.get(key);
      if (known) return known;
      const name = key === undefined ? fresh(hint) : fresh(hint, '');
      initializers.set(name, tensor);
      if (key !== undefined) shared.set(key, name);
      return name;
    },
    reshape: (value, dims, own) => {
      const source = reshaped.get(value)?.source ?? value;
      if (own && source === value) shapes.set(value, own);
      if (shapes.get(source)?.join() === dims.join()) return source;
      const name = emitter.op('Reshape', [source, emitter.constant(ints(...dims))]);
      reshaped.set(name, { source, dims });
      return name;
    },
    origin: (value) => {
      const made = reshaped.get(value);
      const dims = made && shapes.get(made.source);
      return dims && { value: made.source, dims, reshaped: made.dims };
    },
    transpose: (value, perm) =>
      perm.every((axis, i) => axis === i) ? value : emitter.op('Transpose', [value], { perm }),
    reduceSum: (value, axes, keepDims = false) =>
      axes.length === 0
        ? value
        : emitter.op('ReduceSum', [value, emitter.constant(ints(...axes))], { keepdims: keepDims ? 1 : 0 }),
    slice: (value, starts, ends, axes, steps) =>
      emitter.op('Slice', [
        value,
        emitter.constant(ints(...starts)),
        emitter.constant(ints(...ends)),
        emitter.constant(ints(...axes)),
        ...(steps ? [emitter.constant(ints(...steps))] : []),
      ]),
    pad: (value, before, after, fill) => {
      if ([...before, ...after].every((amount) => amount === 0)) return value;
      return emitter.op('Pad', [value, emitter.constant(ints(...before, ...after)), ...(fill ? [fill] : [])]);
    },
    expand: (value, dims) => emitter.op('Expand', [value, emitter.constant(ints(...dims))]),
  };
  return emitter;
}

function toAttribute(value: AttributeValue): Attribute {
  if (typeof value === 'number') return { type: 'int', value };
  if (typeof value === 'string') return { type: 'string', value };
  if ('float' in value) return { type: 'float', value: value.float };
  return { type: 'ints', value };
}
