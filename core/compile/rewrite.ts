import type { Node } from '../onnx/graph.js';
import { numbersOf } from '../onnx/tensor.js';
import type { AttributeValue, Emitter } from './emit.js';

/**
 * An emitter that makes cheaper programs out of the same calls. Values stay the same, but for the rounding of engines that add
 * within a convolution:
 * - ReLU moves in front of what only moves elements about, down to a convolution, with which engines fuse it;
 * - a 0-or-1 mask that does not depend on the class is joined with the next one once per image instead of once per class;
 * - zero padding in front of a convolution becomes the convolution's own;
 * - additions happen in the shape the convolutions before them have.
 *
 * What is no longer used stays among the nodes; the program drops what no output needs.
 *
 * @param perClass values that depend on the class, to begin with: the seeds.
 * @param dims shapes of forward values.
 */
export function withRewrites(
  base: Emitter,
  perClass: ReadonlySet<string>,
  dims: (name: string) => readonly number[] | undefined,
): Emitter {
  const facts = createFacts(base, perClass, dims);
  const producer = (name: string): Node | undefined => facts.producer(name);

  const relu = (value: string): string => {
    const node = producer(value);
    const [inner = '', ...rest] = node?.inputs ?? [];
    switch (node?.op) {
      case 'Relu':
        return value;
      case 'Reshape':
        return base.reshape(relu(inner), facts.ints(rest[0]!)!);
      case 'DepthToSpace':
      case 'Expand':
      case 'Transpose':
        return again(node, relu(inner));
      case 'Pad':
        return rest.length === 1 ? again(node, relu(inner)) : base.op('Relu', [value]);
      case 'Resize':
        return node.attributes.get('mode')?.value === 'nearest' ? again(node, relu(inner)) : base.op('Relu', [value]);
      case 'Mul': {
        const mask = node.inputs.find((name) => facts.isMask(name));
        if (mask === undefined) return base.op('Relu', [value]);
        return mul(relu(node.inputs.find((name) => name !== mask) ?? mask), mask);
      }
      default:
        return base.op('Relu', [value]);
    }
  };

  /** The same node on another first input. */
  const again = (node: Node, input: string): string =>
    base.op(node.op, [input, ...node.inputs.slice(1)], Object.fromEntries(plainAttributes(node)));

  const mul = (a: string, b: string): string => {
    const [value, factor] = facts.isMask(a) && !facts.isPerClass(a) ? [b, a] : [a, b];
    if (!facts.isMask(factor) || facts.isPerClass(factor) || !facts.isPerClass(value)) return base.op('Mul', [a, b]);
    const node = producer(value);
    if (node?.op === 'Mul') {
      const mask = node.inputs.find((name) => facts.isMask(name) && !facts.isPerClass(name));
      const rest = node.inputs.find((name) => name !== mask);
      if (mask !== undefined && rest !== undefined) return mul(rest, base.op('Mul', [mask, factor]));
    }
    if (node?.op === 'Pad' && node.inputs.length === 2) {
      const cropped = cropLike(factor, facts.ints(node.inputs[1]!)!);
      if (cropped !== undefined) return again(node, mul(node.inputs[0]!, cropped));
    }
    return base.op('Mul', [value, factor]);
  };

  /** The part of a mask that zero padding does not cover; undefined where the mask's shape is not known to be full. */
  const cropLike = (mask: string, pads: readonly number[]): string | undefined => {
    const extents = facts.dims(mask);
    const rank = pads.length / 2;
    if (extents?.length !== rank - 1 || pads.some((amount) => amount < 0)) return undefined;
    const axes = extents.map((_, axis) => axis).filter((axis) => pads[axis + 1]! + pads[axis + 1 + rank]! > 0);
    if (pads[0]! + pads[rank]! > 0 || axes.some((axis) => extents[axis] === 1)) return undefined;
    return base.slice(
      mask,
      axes.map((axis) => pads[axis + 1]!),
      axes.map((axis) => extents[axis]! - pads[axis + 1 + rank]!),
      axes,
    );
  };

  const conv = (inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>>): string => {
    const [value = '', ...weights] = inputs;
    const shape = producer(value);
    const target = shape?.op === 'Reshape' ? facts.ints(shape.inputs[1]!) : undefined;
    const pad = target ? producer(shape!.inputs[0]!) : shape;
    const own = attributes.pads;
    if (pad?.op !== 'Pad' || pad.inputs.length !== 2 || !isInts(own)) return base.op('Conv', inputs, attributes);
    const pads = facts.ints(pad.inputs[1]!)!;
    const [rank, spatial] = [pads.length / 2, own.length / 2];
    const lead = rank - spatial;
    const [before, after] = [pads.slice(lead, rank), pads.slice(rank + lead)];
    const elsewhere = [...pads.slice(0, lead), ...pads.slice(rank, rank + lead)];
    if (pads.some((amount) => amount < 0) || elsewhere.some((amount) => amount !== 0))
      return base.op('Conv', inputs, attributes);
    const inner = pad.inputs[0]!;
    const unpadded = target
      ? base.reshape(inner, [
          ...target.slice(0, 2),
          ...target.slice(2).map((extent, i) => extent - before[i]! - after[i]!),
        ])
      : inner;
    const both = [...before, ...after].map((amount, i) => amount + own[i]!);
    return base.op('Conv', [unpadded, ...weights], { ...attributes, pads: both });
  };

  /** Two values that were reshaped from one and the same known shape are added in that shape. */
  const add = (a: string, b: string): string => {
    const [left, right] = [base.origin(a), base.origin(b)];
    const same = (x?: readonly number[], y?: readonly number[]): boolean => x?.join() === y?.join();
    if (!left || !right || !same(left.dims, right.dims) || !same(left.reshaped, right.reshaped))
      return base.op('Add', [a, b]);
    const sum = base.op('Add', [left.value, right.value]);
    return base.reshape(sum, left.reshaped, left.dims);
  };

  const rewriting: Emitter = {
    ...base,
    op: (op, inputs, attributes = {}) => {
      if (op === 'Relu') return relu(inputs[0]!);
      if (op === 'Mul') return mul(inputs[0]!, inputs[1]!);
      if (op === 'Conv') return conv(inputs, attributes);
      if (op === 'Add') return add(inputs[0]!, inputs[1]!);
      return base.op(op, inputs, attributes);
    },
  };
  return rewriting;
}

interface Facts {
  /** The emitted node that makes a value; undefined for forward values and constants. */
  producer(name: string): Node | undefined;
  isPerClass(name: string): boolean;
  /** All elements are known to be 0 or 1. */
  isMask(name: string): boolean;
  /** Shape of a value that does not depend on the class, where it is easily told. */
  dims(name: string): readonly number[] | undefined;
  ints(name: string): readonly number[] | undefined;
}

function createFacts(
  base: Emitter,
  perClass: ReadonlySet<string>,
  forwardDims: (name: string) => readonly number[] | undefined,
): Facts {
  const producers = new Map<string, Node>();
  const dependent = new Set(perClass);
  let seen = 0;
  const catchUp = (): void => {
    for (; seen < base.nodes.length; seen++) {
      const node = base.nodes[seen]!;
      const tainted = node.inputs.some((name) => dependent.has(name));
      for (const name of node.outputs) {
        producers.set(name, node);
        if (tainted) dependent.add(name);
      }
    }
  };
  const producer = (name: string): Node | undefined => {
    catchUp();
    return producers.get(name);
  };

  const masks = new Map<string, boolean>();
  const isMask = (name: string): boolean => {
    let known = masks.get(name);
    if (known === undefined) masks.set(name, (known = findMask(name)));
    return known;
  };
  const findMask = (name: string): boolean => {
    const constant = base.initializers.get(name);
    if (constant) return constant.data.length === 1 && [0, 1].includes(numbersOf(constant)[0]!);
    const node = producer(name);
    const [a = '', b = ''] = node?.inputs ?? [];
    switch (node?.op) {
      case 'Cast':
        return comparisons.has(producer(a)?.op ?? '');
      case 'Mul':
        return isMask(a) && isMask(b);
      case 'Concat':
        return node.inputs.every(isMask);
      case 'DepthToSpace':
      case 'Reshape':
      case 'Slice':
      case 'Transpose':
        return isMask(a);
      case 'Sub':
        // What is left of a mask after a part of it is taken away.
        return isMask(a) && isMask(b) && (isOne(a) || (producer(b)?.inputs.includes(a) ?? false));
      default:
        return false;
    }
  };
  const isOne = (name: string): boolean => {
    const constant = base.initializers.get(name);
    return constant !== undefined && numbersOf(constant).every((value) => value === 1);
  };

  const dims = (name: string): readonly number[] | undefined => {
    const node = producer(name);
    if (!node) return forwardDims(name) ?? base.initializers.get(name)?.dims;
    if (node.op !== 'Cast' && !comparisons.has(node.op)) return undefined;
    const [a, b] = [dims(node.inputs[0]!), node.inputs[1] === undefined ? [] : dims(node.inputs[1])];
    return b?.length === 0 ? a : undefined;
  };

  return {
    producer,
    isPerClass: (name) => {
      catchUp();
      return dependent.has(name);
    },
    isMask,
    dims,
    ints: (name) => {
      const tensor = base.initializers.get(name);
      return tensor && numbersOf(tensor);
    },
  };
}

const comparisons = new Set(['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Not', 'And', 'Or', 'Xor']);

function isInts(value: AttributeValue | undefined): value is readonly number[] {
  return Array.isArray(value);
}

function* plainAttributes(node: Node): Generator<[string, AttributeValue]> {
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'float') yield [name, { float: attribute.value }];
    else if (attribute.type === 'int' || attribute.type === 'string' || attribute.type === 'ints')
      yield [name, attribute.value];
  }
}
