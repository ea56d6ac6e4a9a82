import { intOf } from './attributes.js';
import type { Attribute, Node, Tensor } from './graph.js';
import { ScanError } from '../scan/errors.js';
import {
  axisIn,
  describeNode,
  input,
  malformed,
  requiredInteger,
  requiredIntegers,
  unsupported,
} from './shapes/call.js';
import type { OpCall } from './shapes/call.js';
import { int64 } from './tensor.js';

/**
 * A sequence of tensors whose length is known is nothing but a list of names: exporters write `split`, `unbind` and `stack`
 * of lists with it. Keyed by the sequence, the names of its elements.
 */
export type Sequences = Map<string, readonly string[]>;

/** What a sequence op leaves behind. */
export type SequenceResult =
  | { readonly kind: 'sequence'; readonly elements: readonly string[] }
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  /** Nodes under final names, and the constants they read; `then` is what they stand for. */
  | {
      readonly kind: 'nodes';
      readonly nodes: readonly Node[];
      readonly constants: ReadonlyMap<string, Tensor>;
      readonly then: SequenceResult;
    };

/** Ops that {@link resolveSequence} does away with. */
export const sequenceOps: ReadonlySet<string> = new Set([
  'ConcatFromSequence',
  'SequenceAt',
  'SequenceConstruct',
  'SequenceEmpty',
  'SequenceErase',
  'SequenceInsert',
  'SequenceLength',
  'SplitToSequence',
]);

/**
 * Resolves a node that makes or reads a sequence; undefined for every other node. `fresh` makes a name that is free in the
 * flat graph.
 */
export function resolveSequence(
  call: OpCall,
  sequences: Sequences,
  fresh: (hint: string) => string,
): SequenceResult | undefined {
  const { node } = call;
  if (node.domain !== '') return undefined;
  const elements = sequences.get(node.inputs[0] ?? '');
  switch (node.op) {
    case 'SequenceEmpty':
      return { kind: 'sequence', elements: [] };
    case 'SequenceConstruct':
      return { kind: 'sequence', elements: node.inputs };
    case 'SplitToSequence':
      return splitToSequence(call, fresh);
  }
  if (elements === undefined) return undefined;
  switch (node.op) {
    case 'Identity':
      return { kind: 'sequence', elements };
    case 'SequenceAt':
      return { kind: 'value', name: elements[positionOf(call, 1, elements.length - 1)]! };
    case 'SequenceErase':
      return { kind: 'sequence', elements: elements.toSpliced(positionOf(call, 1, elements.length - 1), 1) };
    case 'SequenceInsert': {
      const at = positionOf(call, 2, elements.length);
      return { kind: 'sequence', elements: elements.toSpliced(at, 0, node.inputs[1]!) };
    }
    case 'SequenceLength':
      return { kind: 'constant', tensor: int64([], [elements.length]) };
    case 'ConcatFromSequence':
      return concatFromSequence(call, elements, fresh);
    default:
      throw unsupported(call, 'reads a sequence of tensors');
  }
}

/** Each part is a node output of its own; an image classifier splits into channels or heads at most. */
const maxParts = 4096;

/** Without a position: the end. */
function positionOf(call: OpCall, index: number, last: number): number {
  if ((call.node.inputs[index] ?? '') === '') return last;
  const given = requiredInteger(call, index);
  const length = call.node.op === 'SequenceInsert' ? last : last + 1;
  const position = given < 0 ? given + length : given;
  if (!(position >= 0 && position <= last)) throw malformed(call, `takes position ${given} of ${length}`);
  return position;
}

/** A scalar `split` is the length of each part, a list the lengths, none means parts of 1, which `keepdims` 0 squeezes. */
function splitToSequence(call: OpCall, fresh: (hint: string) => string): SequenceResult {
  const { node } = call;
  const { dims } = input(call, 0);
  const axis = axisIn(call, intOf(node, 'axis', 0), dims.length);
  const dim = dims[axis]!;
  const given = call.types[1] === undefined ? undefined : requiredIntegers(call, 1);
  const each = given === undefined ? 1 : call.types[1]!.dims.length === 0 ? given[0]! : undefined;
  if (each !== undefined && !(each >= 1)) throw malformed(call, `splits into parts of ${each}`);
  if (each !== undefined && dim / each > maxParts) {
    throw new ScanError('model-too-large', `${describeNode(node, call.opset)} splits into more than ${maxParts} parts`);
  }
  const sizes =
    each === undefined
      ? given!
      : Array.from({ length: Math.ceil(dim / each) }, (_, i) => Math.min(each, dim - i * each));
  const [kept] = node.outputs;
  const parts = sizes.map((_, i) => fresh(`${kept}.${i}`));
  const squeezed = given === undefined && intOf(node, 'keepdims', 1) === 0;
  const names = squeezed ? parts.map((part) => fresh(`${part}.kept`)) : parts;
  const build = newBuilder(call.opset, fresh);
  build.add('Split', [node.inputs[0]!], names, { axis }, ['split', sizes]);
  if (squeezed)
    parts.forEach((part, i) => {
      build.add('Squeeze', [names[i]!], [part], {}, ['axes', [axis]]);
    });
  return build.result({ kind: 'sequence', elements: parts });
}

function concatFromSequence(
  call: OpCall,
  elements: readonly string[],
  fresh: (hint: string) => string,
): SequenceResult {
  const { node } = call;
  const axis = intOf(node, 'axis', 0);
  const build = newBuilder(call.opset, fresh);
  const name = fresh(`${node.outputs[0]}.joined`);
  let inputs = elements;
  if (intOf(node, 'new_axis', 0) !== 0) {
    inputs = elements.map((_, i) => fresh(`${node.outputs[0]}.${i}`));
    inputs.forEach((raised, i) => {
      build.add('Unsqueeze', [elements[i]!], [raised], {}, ['axes', [axis]]);
    });
  }
  build.add('Concat', inputs, [name], { axis });
  return build.result({ kind: 'value', name });
}

/** From opset 13 on Split, Squeeze and Unsqueeze take their list as an input. */
function newBuilder(opset: number, fresh: (hint: string) => string) {
  const nodes: Node[] = [];
  const constants = new Map<string, Tensor>();
  return {
    add(
      op: string,
      inputs: readonly string[],
      outputs: readonly string[],
      ints: Readonly<Record<string, number>>,
      list?: readonly [name: string, values: readonly number[]],
    ): void {
      const attributes = new Map<string, Attribute>(
        Object.entries(ints).map(([name, value]) => [name, { type: 'int', value }]),
      );
      const all = [...inputs];
      if (list !== undefined && opset < 13) attributes.set(list[0], { type: 'ints', value: list[1] });
      if (list !== undefined && opset >= 13) {
        const constant = fresh(`${outputs[0] ?? op}.${list[0]}`);
        constants.set(constant, int64([list[1].length], list[1]));
        all.push(constant);
      }
      nodes.push({ name: outputs[0] ?? op, op, domain: '', inputs: all, outputs, attributes });
    },
    result: (then: SequenceResult): SequenceResult => ({ kind: 'nodes', nodes, constants, then }),
  };
}
