import { ScanError } from '../../../core/scan/errors.js';
import { refused, type Body, type Walk } from './body.js';
import type { TfNode } from './graph.js';
import { dataInputs } from './refs.js';

/**
 * What the named values need and was not visited yet, inputs before readers. Without recursion: graphs can be long.
 * @throws ScanError `model-malformed` for a node that is not there and for a cycle.
 */
export function inOrder(walk: Walk, body: Body, refs: readonly string[]): TfNode[] {
  const { file } = walk.request;
  const order: TfNode[] = [];
  const entered = new Set<string>();
  const done = new Set<string>();
  const stack = refs.map(nodeOf).reverse();
  while (stack.length > 0) {
    const name = stack.at(-1)!;
    if (done.has(name) || body.values.has(name) || body.arguments.has(name)) {
      stack.pop();
      continue;
    }
    const node = body.nodes.get(name);
    if (!node) throw new ScanError('model-malformed', `${file}: there is no node '${name}'; export the model again`);
    if (entered.has(name)) {
      stack.pop();
      done.add(name);
      order.push(node);
      continue;
    }
    entered.add(name);
    for (const input of dataInputs(node).map(nodeOf).reverse()) {
      if (done.has(input)) continue;
      if (entered.has(input)) throw cycle(walk, node);
      stack.push(input);
    }
  }
  return order;
}

function cycle(walk: Walk, node: TfNode): ScanError {
  // The loops of TF1 are cycles.
  return /^(Merge|NextIteration|Enter|Switch)$/.test(node.op)
    ? refused(walk, node, 'is a loop; only feed-forward image classifiers can be scanned')
    : new ScanError('model-malformed', `${walk.request.file}: node '${node.name}' (${node.op}) depends on itself`);
}

function nodeOf(ref: string): string {
  const colon = ref.indexOf(':');
  return colon < 0 ? ref : ref.slice(0, colon);
}
