import type { Graph, Node } from './graph.js';

/** The nodes that the named values need, in their order. Values that a branch or a loop body captures count as read. */
export function liveNodes(nodes: readonly Node[], values: Iterable<string>): Node[] {
  const needed = new Set(values);
  const live: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => name !== '' && needed.has(name))) continue;
    live.push(node);
    for (const name of namesRead(node)) needed.add(name);
  }
  return live.reverse();
}

/** Inputs of a node and everything its sub-graphs read, their own names included. */
export function* namesRead(node: Node): Generator<string> {
  for (const name of node.inputs) if (name !== '') yield name;
  for (const attribute of node.attributes.values()) {
    if (attribute.type === 'graph') yield* namesReadIn(attribute.value);
  }
}

function* namesReadIn(graph: Graph): Generator<string> {
  for (const node of graph.nodes) yield* namesRead(node);
  for (const output of graph.outputs) yield output.name;
}
