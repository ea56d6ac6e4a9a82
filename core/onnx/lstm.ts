import { floatOf, intOf, stringOf, stringsOf } from './attributes.js';
import type { Node } from './graph.js';
import { newNode, type Attributes, type Parts } from './parts.js';
import { ints } from './tensor.js';

/**
 * An LSTM over a sequence of known length, step by step, both directions side by side:
 *
 *   i, o, f = sigmoid(x_t W' + h R' + b)      g = tanh(x_t W' + h R' + b)      c := f c + i g      h := o tanh(c)
 *
 * Stays as it is where lengths differ within a batch, gates look at the cell (peepholes), values are clipped, or the activations
 * are others.
 */
export function unrolledLstm(node: Node, parts: Parts): Node[] | undefined {
  const [x, w, r, bias = '', , h0 = '', c0 = ''] = node.inputs as readonly [string, string, string, ...string[]];
  const [steps, batch] = parts.types.get(x)!.dims as readonly [number, number];
  const [directions, , hidden] = parts.types.get(r)!.dims as readonly [number, number, number];
  if (!isPlain(node, directions) || steps < 1 || steps > maxSteps) return undefined;
  const { nodes, emit, split, reversed } = emitterFor(node, parts);
  const backwards = backwardDirections(node);

  const sequences = backwards.map((back) =>
    emit('Reshape', [back ? reversed(x, 0) : x, shape(1, steps * batch, -1)], [1, steps * batch, dimsOf(x).at(-1)!]),
  );
  const sequence = emit('Concat', sequences, [directions, steps * batch, dimsOf(x).at(-1)!], axis(0));
  let gates = emit('MatMul', [sequence, transposed(w)], [directions, steps * batch, 4 * hidden]);
  if (bias) {
    const [ofInput, ofState] = split(bias, 1, [4 * hidden, 4 * hidden]);
    const sum = emit('Add', [ofInput!, ofState!], [directions, 4 * hidden]);
    const row = emit('Reshape', [sum, shape(directions, 1, 4 * hidden)], [directions, 1, 4 * hidden]);
    gates = emit('Add', [gates, row], [directions, steps * batch, 4 * hidden]);
  }
  const apart = [directions, steps, batch, 4 * hidden];
  const perStep = split(emit('Reshape', [gates, shape(...apart)], apart), 1, new Array<number>(steps).fill(1));

  const state = [directions, 1, batch, hidden];
  const recurrence = emit(
    'Reshape',
    [transposed(r), shape(directions, 1, hidden, 4 * hidden)],
    [directions, 1, hidden, 4 * hidden],
  );
  let h = h0 && emit('Reshape', [h0, shape(...state)], state);
  let c = c0 && emit('Reshape', [c0, shape(...state)], state);
  const all = perStep.map((fromInput) => {
    const gate = h
      ? emit('Add', [fromInput, emit('MatMul', [h, recurrence], state.with(3, 4 * hidden))], state.with(3, 4 * hidden))
      : fromInput;
    const [three, last] = split(gate, 3, [3 * hidden, hidden]);
    const open = emit('Sigmoid', [three!], state.with(3, 3 * hidden));
    const [i, o, f] = split(open, 3, [hidden, hidden, hidden]);
    const added = emit('Mul', [i!, emit('Tanh', [last!], state)], state);
    c = c ? emit('Add', [emit('Mul', [f!, c], state), added], state) : added;
    h = emit('Mul', [o!, emit('Tanh', [c], state)], state);
    return h;
  });

  const [y, lastH, lastC] = node.outputs;
  if (y) {
    let joined = emit('Concat', all, state.with(1, steps), axis(1));
    if (backwards.includes(true)) {
      const each = split(joined, 0, new Array<number>(directions).fill(1));
      const ordered = each.map((one, d) => (backwards[d] ? reversed(one, 1) : one));
      joined = emit('Concat', ordered, state.with(1, steps), axis(0));
    }
    nodes.push(newNode(node, 'Transpose', [joined], [y], { perm: { type: 'ints', value: [1, 0, 2, 3] } }));
  }
  if (lastH) nodes.push(newNode(node, 'Reshape', [h, shape(directions, batch, hidden)], [lastH]));
  if (lastC) nodes.push(newNode(node, 'Reshape', [c, shape(directions, batch, hidden)], [lastC]));
  return nodes;

  function dimsOf(name: string): readonly number[] {
    return parts.types.get(name)!.dims;
  }
  function shape(...dims: number[]): string {
    return parts.constant(node, 'shape', ints(...dims));
  }
  /** [directions, rows, columns] with rows and columns swapped. */
  function transposed(name: string): string {
    const [first, rows, columns] = dimsOf(name) as readonly [number, number, number];
    return emit('Transpose', [name], [first, columns, rows], { perm: { type: 'ints', value: [0, 2, 1] } });
  }
}

/** Every step is a dozen nodes and two dozen of the gradient. */
const maxSteps = 1024;

function isPlain(node: Node, directions: number): boolean {
  const [lengths = '', peepholes = ''] = [node.inputs[4], node.inputs[7]];
  const usual = ['sigmoid', 'tanh', 'tanh'];
  const activations = stringsOf(node, 'activations', []).map((name) => name.toLowerCase());
  return (
    !lengths &&
    !peepholes &&
    intOf(node, 'layout', 0) === 0 &&
    intOf(node, 'input_forget', 0) === 0 &&
    floatOf(node, 'clip', 0) === 0 &&
    (activations.length === 0 || activations.join() === Array.from({ length: directions }, () => usual).join()) &&
    backwardDirections(node).length === directions
  );
}

function backwardDirections(node: Node): readonly boolean[] {
  const direction = stringOf(node, 'direction', 'forward');
  return direction === 'bidirectional' ? [false, true] : [direction === 'reverse'];
}

function axis(value: number): Attributes {
  return { axis: { type: 'int', value } };
}

function emitterFor(node: Node, parts: Parts) {
  const nodes: Node[] = [];
  const { dtype } = parts.types.get(node.inputs[0]!)!;
  const value = (dims: readonly number[]): string => parts.value(node, `part_${nodes.length}`, { dtype, dims });
  const emit = (
    op: string,
    inputs: readonly string[],
    dims: readonly number[],
    attributes: Attributes = {},
  ): string => {
    const name = value(dims);
    nodes.push(newNode(node, op, inputs, [name], attributes));
    return name;
  };
  const split = (name: string, at: number, sizes: readonly number[]): readonly string[] => {
    const { dims } = parts.types.get(name)!;
    const outputs = sizes.map((size) => value(dims.with(at, size)));
    const lengths = parts.constant(node, 'lengths', ints(...sizes));
    nodes.push(newNode(node, 'Split', [name, lengths], outputs, axis(at)));
    return outputs;
  };
  const reversed = (name: string, at: number): string => {
    const [from, to, over, by] = [-1, -(2 ** 31), at, -1].map((number) => parts.constant(node, 'cut', ints(number)));
    return emit('Slice', [name, from!, to!, over!, by!], parts.types.get(name)!.dims);
  };
  return { nodes, emit, split, reversed };
}
