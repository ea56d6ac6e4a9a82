import { bytesOf } from '../dtypes.js';
import { stridedCopy, stridesOf } from '../evaluate/cells.js';
import type { Node, Tensor } from '../graph.js';
import type { StaticGraph, ValueType } from '../specialise.js';
import { ints, numbersOf, sizeOf } from '../tensor.js';
import { composed, extended, inverse, isIdentity, keepsElements, permuted, identity } from './permutation.js';
import type { Permutation } from './permutation.js';

/** A value of the model is `Transpose(name, perm)` of one that is computed. */
export interface Stored {
  readonly name: string;
  readonly perm: Permutation;
}

/** The graph under construction: which values are stored with their axes in another order, and what was made of them. */
export interface Arrangement {
  readonly nodes: readonly Node[];
  readonly types: ReadonlyMap<string, ValueType>;
  readonly initializers: ReadonlyMap<string, Tensor>;
  stored(name: string): Stored;
  /** Shape in the model. */
  dims(name: string): readonly number[];
  constant(name: string): Tensor | undefined;
  /** The numbers of a constant. */
  numbers(name: string): readonly number[] | undefined;
  addConstant(near: Node, hint: string, tensor: Tensor): string;
  /** Says that a value of the model is another one, transposed; nothing is computed. */
  alias(name: string, stored: Stored, title: string): void;
  /** Appends a node whose outputs, values of the model, it computes in these orders. */
  add(node: Node, perms: readonly Permutation[]): void;
  /** The value as the model has it. */
  original(name: string): string;
  /** A value x such that the one of the model, broadcast to `rank` axes, is Transpose(x, perm). */
  arranged(name: string, rank: number, perm: Permutation): string;
  /** What {@link arranged} would have to do, in elements moved and nodes; undefined where a constant is too large to copy. */
  costOf(name: string, rank: number, perm: Permutation): readonly [moved: number, nodes: number] | undefined;
}

/**
 * Bytes of constants that are transposed, beside as much as the model's own take: a hostile graph could want one constant in
 * all orders there are.
 */
const spareBytes = 16 * 2 ** 20;

export function newArrangement({ graph, types: modelTypes }: StaticGraph): Arrangement {
  const nodes: Node[] = [];
  const types = new Map<string, ValueType>();
  const initializers = new Map(graph.initializers);
  const aliases = new Map<string, Stored>();
  const titles = new Map<string, string>();
  const made = new Map<string, string>();
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const computed = new Set<string>();
  let budget = spareBytes;
  for (const tensor of initializers.values()) budget += bytes(tensor);
  for (const name of [...graph.inputs.map((input) => input.name), ...initializers.keys()]) {
    types.set(name, modelTypes.get(name)!);
    computed.add(name);
  }

  const suffixes = new Map<string, number>();
  const fresh = (base: string): string => {
    let suffix = suffixes.get(base) ?? 1;
    let name = suffix === 1 ? base : `${base}_${suffix}`;
    while (modelTypes.has(name) || types.has(name)) name = `${base}_${++suffix}`;
    suffixes.set(base, suffix);
    return name;
  };
  const stored = (name: string): Stored =>
    aliases.get(name) ?? { name, perm: identity((types.get(name) ?? modelTypes.get(name)!).dims.length) };

  const addConstant = (near: Node, hint: string, tensor: Tensor): string => {
    const name = fresh(`${near.outputs.find((output) => output !== '')}/${hint}`);
    initializers.set(name, tensor);
    types.set(name, { dtype: tensor.dtype, dims: tensor.dims });
    return name;
  };

  /** Transpose(value, perm), the value seen with `dims`, which may have axes of one element in front; made once. */
  const transposed = (source: string, dims: readonly number[], perm: Permutation, wanted?: string): string => {
    if (isFree(types.get(source)!.dims, dims, perm)) return source;
    const key = JSON.stringify([source, dims.length, perm]);
    const known = made.get(key);
    if (known !== undefined) return known;
    const name = wanted !== undefined && !computed.has(wanted) ? wanted : fresh(`${source}/transposed`);
    made.set(key, name);
    computed.add(name);
    const tensor = initializers.get(source);
    if (tensor === undefined) {
      move(source, dims, perm, name, titles.get(wanted ?? '') ?? name);
      return name;
    }
    const moved = copied(tensor, dims, perm);
    if (!keepsElements(dims, perm)) budget -= bytes(tensor);
    initializers.set(name, moved);
    types.set(name, { dtype: moved.dtype, dims: moved.dims });
    return name;
  };

  const move = (source: string, dims: readonly number[], perm: Permutation, name: string, title: string): void => {
    const target = permuted(dims, perm);
    if (keepsElements(dims, perm)) {
      reshape(source, target, name, title);
      return;
    }
    let whole = source;
    if (types.get(source)!.dims.length !== dims.length) {
      whole = fresh(`${source}/lifted`);
      reshape(source, dims, whole, whole);
    }
    types.set(name, { dtype: types.get(source)!.dtype, dims: target });
    const attributes = new Map([['perm', { type: 'ints' as const, value: perm }]]);
    nodes.push({ name: title, op: 'Transpose', domain: '', inputs: [whole], outputs: [name], attributes });
  };

  const reshape = (source: string, dims: readonly number[], name: string, title: string): void => {
    types.set(name, { dtype: types.get(source)!.dtype, dims });
    const node: Node = { name: title, op: 'Reshape', domain: '', inputs: [], outputs: [name], attributes: new Map() };
    nodes.push({ ...node, inputs: [source, addConstant(node, 'shape', ints(...dims))] });
  };

  /** From the stored form of a value to the wanted one. */
  const way = (name: string, rank: number, perm: Permutation) => {
    const from = stored(name);
    const own = types.get(from.name)!.dims;
    const dims = [...new Array<number>(rank - own.length).fill(1), ...own];
    return { source: from.name, dims, perm: composed(extended(from.perm, rank), inverse(perm)) };
  };

  return {
    nodes,
    types,
    initializers,
    stored,
    dims: (name) => modelTypes.get(name)!.dims,
    constant: (name) => graph.initializers.get(name),
    numbers: (name) => {
      const tensor = graph.initializers.get(name);
      return tensor && tensor.dtype !== 'string' ? numbersOf(tensor) : undefined;
    },
    addConstant,
    alias: (name, value, title) => {
      aliases.set(name, value);
      titles.set(name, title);
    },
    add: (node, perms) => {
      const named = node.outputs.map((name, i) => {
        if (name === '') return '';
        const perm = perms[i]!;
        const type = modelTypes.get(name)!;
        // What the model returns keeps its name and its order.
        const own = isIdentity(perm) || !outputs.has(name) ? name : fresh(`${name}/stored`);
        types.set(own, { dtype: type.dtype, dims: permuted(type.dims, inverse(perm)) });
        computed.add(own);
        if (own !== name || !isIdentity(perm)) aliases.set(name, { name: own, perm });
        return own;
      });
      nodes.push({ ...node, outputs: named });
    },
    original: (name) => {
      if (name === '') return '';
      const from = stored(name);
      return transposed(from.name, types.get(from.name)!.dims, from.perm, name);
    },
    arranged: (name, rank, perm) => {
      const { source, dims, perm: order } = way(name, rank, perm);
      return transposed(source, dims, order);
    },
    costOf: (name, rank, perm) => {
      const { source, dims, perm: order } = way(name, rank, perm);
      if (isFree(types.get(source)!.dims, dims, order)) return [0, 0];
      const tensor = initializers.get(source);
      if (keepsElements(dims, order)) return [0, tensor ? 0 : 1];
      if (tensor) return bytes(tensor) <= budget ? [0, 0] : undefined;
      return [sizeOf(dims), 1];
    },
  };
}

/** A constant in another order; axes of one element in front are left out, up to the rank that it has: Concat needs that. */
function copied(tensor: Tensor, dims: readonly number[], perm: Permutation): Tensor {
  const target = permuted(dims, perm);
  const first = target.findIndex((extent) => extent !== 1);
  const spare = target.length - tensor.dims.length;
  const shape = target.slice(first < 0 ? spare : Math.min(first, spare));
  if (keepsElements(dims, perm)) return { ...tensor, dims: shape };
  const strides = stridesOf(dims);
  return { ...stridedCopy(tensor, target, permuted(strides, perm)), dims: shape };
}

/** Whether the value can stand for its transposed self: no element moves, and broadcasting sees to axes in front. */
function isFree(own: readonly number[], dims: readonly number[], perm: Permutation): boolean {
  if (!keepsElements(dims, perm)) return false;
  const target = permuted(dims, perm);
  const more = target.length - own.length;
  return target.every((extent, axis) => extent === (axis < more ? 1 : own[axis - more]));
}

function bytes(tensor: Tensor): number {
  return sizeOf(tensor.dims) * bytesOf(tensor.dtype);
}
