import { intOf, intsOf } from '../attributes.js';
import type { Node } from '../graph.js';
import { liveNodes } from '../live.js';
import type { StaticGraph } from '../specialise.js';
import { sizeOf } from '../tensor.js';
import { newArrangement, type Arrangement } from './arrangement.js';
import { moves } from './moves.js';
import { composed, extended, identity, isIdentity, keepsElements, type Permutation } from './permutation.js';

/**
 * Removes Transposes that only carry values between two layouts. Exporters of TensorFlow and Keras wrap every convolution and
 * pool of a channels-last model into a pair of them.
 *
 * Every Transpose is taken as a note on its result ("stored as x, in another order") and carried along through ops that work
 * in any order of axes: their attributes and constants are permuted instead. It becomes a node again in front of an op that
 * needs the model's order, and at outputs; inverse ones have cancelled out until then. Nodes keep their names, values theirs
 * where they are what they were. No number changes but for the order in which engines add.
 *
 * Where this does not move fewer elements with as few Transposes, the graph itself is returned.
 */
export function removeTransposes(model: StaticGraph): StaticGraph {
  const { graph } = model;
  if (!graph.nodes.some(isTranspose) || graph.nodes.some(hasBody)) return model;
  const a = newArrangement(model);
  for (const node of graph.nodes) place(node, a);
  const ends = graph.outputs.flatMap(({ name }) => end(name, a));
  const arranged = assembled(model, a, ends);
  const [cost, before] = [costOf(arranged), costOf(model)];
  return isCheaper(cost, before) && cost[1] <= before[1] ? arranged : model;
}

function place(node: Node, a: Arrangement): void {
  const [first = ''] = node.inputs;
  if (isTranspose(node)) {
    const from = a.stored(first);
    const rank = from.perm.length;
    const perm = intsOf(
      node,
      'perm',
      Array.from({ length: rank }, (_, axis) => rank - 1 - axis),
    );
    a.alias(node.outputs[0]!, { name: from.name, perm: composed(from.perm, perm) }, node.name);
    return;
  }
  const moved = node.domain === '' && (together(node, a) || behind(node, a));
  if (moved) return;
  const inputs = node.inputs.map((name) => a.original(name));
  a.add({ ...node, inputs }, inOwnOrder(node, a));
}

/** An op on the stored form of its first input. */
function behind(node: Node, a: Arrangement): boolean {
  const move = moves.get(node.op);
  if (!move || !node.inputs[0]) return false;
  const { name, perm } = a.stored(node.inputs[0]);
  if (isIdentity(perm)) return false;
  const moved = move(node, perm, a.types.get(name)!.dims, a);
  if (!moved) return false;
  const { op = node.op, attributes = node.attributes } = moved;
  a.add(
    { ...node, op, attributes, inputs: [name, ...moved.rest] },
    node.outputs.map(() => moved.perm),
  );
  return true;
}

/** Ops whose inputs meet element by element: all take the order in which the fewest elements move. */
function together(node: Node, a: Arrangement): boolean {
  if (node.op !== 'Concat' && node.op !== 'Expand' && !broadcasting.has(node.op)) return false;
  const output = a.dims(node.outputs[0]!);
  const rank = output.length;
  const met = node.op === 'Expand' ? node.inputs.slice(0, 1) : node.inputs;
  if (met.some((name) => a.dims(name).length > rank)) return false;
  const perm = cheapest(met, rank, a);
  if (isIdentity(perm)) return false;
  const inputs = met.map((name) => a.arranged(name, rank, perm));
  if (node.op === 'Concat') {
    const axis = intOf(node, 'axis', 0);
    const attributes = new Map(node.attributes);
    attributes.set('axis', { type: 'int', value: perm[axis < 0 ? axis + rank : axis]! });
    a.add({ ...node, inputs, attributes }, [perm]);
  } else if (node.op === 'Expand') {
    const shape = new BigInt64Array(rank);
    perm.forEach((from, axis) => (shape[from] = BigInt(output[axis]!)));
    a.add(
      { ...node, inputs: [...inputs, a.addConstant(node, 'shape', { dtype: 'int64', dims: [rank], data: shape })] },
      [perm],
    );
  } else {
    a.add({ ...node, inputs }, [perm]);
  }
  return true;
}

const broadcasting = new Set([
  ...['Add', 'And', 'BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'Div', 'Equal', 'Greater', 'GreaterOrEqual'],
  ...['Less', 'LessOrEqual', 'Max', 'Mean', 'Min', 'Mod', 'Mul', 'Or', 'Pow', 'PRelu', 'Sub', 'Sum', 'Where', 'Xor'],
]);

/** Orders that are weighed for one node: a Concat may have thousands of inputs. */
const mostOrders = 4;

/** The order that moves the fewest elements, then needs the fewest nodes; the model's own where others are not better. */
function cheapest(inputs: readonly string[], rank: number, a: Arrangement): Permutation {
  const own = identity(rank);
  const orders = new Map([[own.join(), own]]);
  for (const name of inputs) {
    if (orders.size === mostOrders) break;
    const perm = extended(a.stored(name).perm, rank);
    orders.set(perm.join(), perm);
  }
  if (orders.size === 1) return own;
  let best = { perm: own, cost: [Infinity, Infinity] as readonly [number, number] };
  for (const perm of orders.values()) {
    const cost = totalCost(inputs, rank, perm, a);
    if (cost && isCheaper(cost, best.cost)) best = { perm, cost };
  }
  return best.perm;
}

function totalCost(
  inputs: readonly string[],
  rank: number,
  perm: Permutation,
  a: Arrangement,
): readonly [number, number] | undefined {
  let [moved, nodes] = [0, 0];
  for (const name of inputs) {
    const cost = a.costOf(name, rank, perm);
    if (!cost) return undefined;
    moved += cost[0];
    nodes += cost[1];
  }
  return [moved, nodes];
}

/** What the model returns has the model's name and order. */
function end(name: string, a: Arrangement): Node[] {
  const value = a.original(name);
  if (value === name) return [];
  return [{ name, op: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: new Map() }];
}

function assembled({ graph, types }: StaticGraph, a: Arrangement, ends: readonly Node[]): StaticGraph {
  const outputs = graph.outputs.map(({ name }) => name);
  const nodes = liveNodes([...a.nodes, ...ends], outputs);
  const used = new Set([...outputs, ...graph.inputs.map(({ name }) => name)]);
  for (const node of nodes) for (const name of [...node.inputs, ...node.outputs]) if (name !== '') used.add(name);
  const initializers = new Map([...a.initializers].filter(([name]) => used.has(name)));
  const known = new Map([...a.types].filter(([name]) => used.has(name)));
  for (const name of outputs) known.set(name, types.get(name)!);
  return { graph: { ...graph, nodes, initializers }, types: known };
}

/** Elements that Transposes move, and how many there are. */
function costOf({ graph, types }: StaticGraph): readonly [number, number] {
  let [moved, nodes] = [0, 0];
  for (const node of graph.nodes) {
    if (!isTranspose(node)) continue;
    nodes++;
    const { dims } = types.get(node.inputs[0]!)!;
    const perm = intsOf(node, 'perm', undefined);
    if (!perm || !keepsElements(dims, perm)) moved += sizeOf(dims);
  }
  return [moved, nodes];
}

function isCheaper([moved, nodes]: readonly [number, number], [most, mostNodes]: readonly [number, number]): boolean {
  return moved < most || (moved === most && nodes < mostNodes);
}

function isTranspose(node: Node): boolean {
  return node.op === 'Transpose' && node.domain === '';
}

function hasBody(node: Node): boolean {
  for (const attribute of node.attributes.values()) if (attribute.type === 'graph') return true;
  return false;
}

function inOwnOrder(node: Node, a: Arrangement): Permutation[] {
  return node.outputs.map((name) => (name === '' ? [] : identity(a.dims(name).length)));
}
