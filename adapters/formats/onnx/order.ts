import type { Attribute, Graph, Node } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';

/**
 * The graph with its nodes in topological order, subgraphs included; nodes that are in order already stay as they are.
 * @throws ScanError `model-malformed` when a value is defined twice, used but never defined, or depends on itself.
 */
export function checkedOrder(graph: Graph, file: string): Graph {
  return orderGraph(graph, undefined, file);
}

/** Names defined in a graph, and in the graphs around it, which a subgraph may capture. */
interface Scope {
  /** Index of the producing node; -1 for inputs and initializers. */
  readonly producers: ReadonlyMap<string, number>;
  readonly outer: Scope | undefined;
}

function isVisible(name: string, scope: Scope | undefined): boolean {
  for (let at = scope; at; at = at.outer) if (at.producers.has(name)) return true;
  return false;
}

function orderGraph(graph: Graph, outer: Scope | undefined, file: string): Graph {
  const producers = new Map<string, number>();
  const define = (name: string, producer: number): void => {
    if (producers.has(name) || isVisible(name, outer)) malformed(file, `value '${name}' is defined twice`);
    producers.set(name, producer);
  };
  for (const { name } of graph.inputs) define(name, -1);
  for (const name of graph.initializers.keys()) define(name, -1);
  graph.nodes.forEach((node, i) => {
    for (const name of node.outputs) if (name !== '') define(name, i);
  });

  const scope: Scope = { producers, outer };
  const inner = graph.nodes.map((node) => orderSubgraphs(node, scope, file));
  for (const { name } of graph.outputs)
    if (!isVisible(name, scope)) malformed(file, `output '${name}' is never computed`);

  const dependencies = inner.map((node) => {
    const needed = new Set<number>();
    for (const name of usedBy(node)) {
      if (!isVisible(name, scope))
        malformed(file, `node ${label(node)} (${node.op}) uses '${name}', which is never defined`);
      const producer = producers.get(name);
      if (producer !== undefined && producer >= 0) needed.add(producer);
    }
    return [...needed].sort((a, b) => a - b);
  });
  return {
    ...graph,
    nodes: sorted(dependencies, (i) => malformed(file, `node ${label(inner[i]!)} depends on itself`)).map(
      (i) => inner[i]!,
    ),
  };
}

/** Depth-first with its own stack: a chain of 100,000 nodes in reverse order must not overflow ours. */
function sorted(dependencies: readonly (readonly number[])[], cycle: (node: number) => never): number[] {
  const order: number[] = [];
  const state = new Uint8Array(dependencies.length);
  const next = new Uint32Array(dependencies.length);
  for (let root = 0; root < dependencies.length; root++) {
    if (state[root] !== unseen) continue;
    const stack = [root];
    state[root] = open;
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      const dependency = dependencies[node]![next[node]!++];
      if (dependency === undefined) {
        state[node] = done;
        order.push(node);
        stack.pop();
      } else if (state[dependency] === open) {
        cycle(dependency);
      } else if (state[dependency] === unseen) {
        state[dependency] = open;
        stack.push(dependency);
      }
    }
  }
  return order;
}

const unseen = 0;
const open = 1;
const done = 2;

function orderSubgraphs(node: Node, scope: Scope, file: string): Node {
  if (!hasSubgraph(node)) return node;
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    attributes.set(
      name,
      attribute.type === 'graph' ? { type: 'graph', value: orderGraph(attribute.value, scope, file) } : attribute,
    );
  }
  return { ...node, attributes };
}

/** Inputs, and what subgraphs capture from outside. */
function usedBy(node: Node): string[] {
  const names = node.inputs.filter((name) => name !== '');
  if (!hasSubgraph(node)) return names;
  for (const attribute of node.attributes.values()) {
    if (attribute.type !== 'graph') continue;
    const { value } = attribute;
    const own = new Set([
      ...value.inputs.map(({ name }) => name),
      ...value.initializers.keys(),
      ...value.nodes.flatMap(({ outputs }) => outputs),
    ]);
    const used = [...value.nodes.flatMap(usedBy), ...value.outputs.map(({ name }) => name)];
    for (const name of used) if (!own.has(name)) names.push(name);
  }
  return names;
}

function hasSubgraph(node: Node): boolean {
  for (const { type } of node.attributes.values()) if (type === 'graph') return true;
  return false;
}

function label(node: Node): string {
  return node.name || (node.outputs[0] ?? node.op);
}

function malformed(file: string, what: string): never {
  throw new ScanError('model-malformed', `${file}: ${what}`);
}
