import type { Graph } from './graph.js';
import { freshName } from './parts.js';

/** Gives out names that the graph and its subgraphs do not have. */
export class NameSupply {
  private readonly used = new Set<string>();

  constructor(graph: Graph) {
    const pending = [graph];
    for (let next = pending.pop(); next; next = pending.pop()) {
      for (const { name } of [...next.inputs, ...next.outputs]) this.used.add(name);
      for (const name of next.initializers.keys()) this.used.add(name);
      for (const node of next.nodes) {
        for (const name of [...node.inputs, ...node.outputs]) this.used.add(name);
        for (const attribute of node.attributes.values()) if (attribute.type === 'graph') pending.push(attribute.value);
      }
    }
  }

  fresh(wanted: string): string {
    const name = freshName(this.used, wanted);
    this.used.add(name);
    return name;
  }
}
