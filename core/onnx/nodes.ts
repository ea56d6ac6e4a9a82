import type { Graph, Node } from './graph.js';

/** Nodes of a graph and of the graphs in its attributes. */
export function* allNodes(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node;
    for (const attribute of node.attributes.values()) if (attribute.type === 'graph') yield* allNodes(attribute.value);
  }
}

/** What to call a node that may have no name. */
export function titleOf(node: Node): string {
  return node.name || (node.outputs.find((name) => name !== '') ?? '');
}
