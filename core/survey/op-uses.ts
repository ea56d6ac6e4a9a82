import { dependentValues, hasZeroDerivative } from '../compile/dependence.js';
import { opSupport, qualifiedName } from '../compile/op-support.js';
import type { BoundGraph } from '../checks/check.js';
import type { Graph, Node } from '../onnx/graph.js';
import { allNodes, titleOf } from '../onnx/nodes.js';
import type { OpUse, RunUse } from './survey.js';

/** How every op of a model is differentiated. Without a bound graph each node counts as if a gradient had to pass it. */
export function opUses(graph: Graph, bound: BoundGraph | undefined): OpUse[] {
  const rows = new Map<string, Row>();
  const rowOf = (node: Node): Row => {
    const name = qualifiedName(node);
    let row = rows.get(name);
    if (!row)
      rows.set(
        name,
        (row = { support: opSupport(node), nodes: 0, rule: 0, zero: 0, forward: 0, refused: 0, refusedNodes: [] }),
      );
    return row;
  };
  for (const node of allNodes(graph)) {
    const row = rowOf(node);
    row.nodes++;
    if (!bound && row.support === 'none') refuse(row, node);
  }
  if (bound) {
    for (const [node, treatment] of treatments(bound)) {
      const row = rowOf(node);
      if (treatment === 'refused') refuse(row, node);
      else row[treatment]++;
    }
  }
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([op, { support, nodes, rule, zero, forward, refused, refusedNodes }]) => ({
      op,
      support,
      nodes,
      run: bound && { rule, zero, forward },
      refused,
      refusedNodes,
    }));
}

function refuse(row: Row, node: Node): void {
  row.refused++;
  if (row.refusedNodes.length < maxNamed) row.refusedNodes.push(titleOf(node));
}

const maxNamed = 8;

interface Row {
  readonly support: OpUse['support'];
  nodes: number;
  rule: number;
  zero: number;
  forward: number;
  refused: number;
  readonly refusedNodes: string[];
}

/** The walk of `differentiate` without its rules: which nodes a gradient of the logits reaches on its way to the image. */
function* treatments({ graph: model, inputName, logitsName }: BoundGraph): Generator<[Node, keyof RunUse | 'refused']> {
  const dependent = dependentValues(model, inputName);
  const reached = new Set([logitsName]);
  for (const node of model.graph.nodes.toReversed()) {
    const passes = node.outputs.some((name) => reached.has(name)) && node.inputs.some((name) => dependent.has(name));
    if (!passes) {
      yield [node, 'forward'];
    } else if (hasZeroDerivative(node)) {
      yield [node, 'zero'];
    } else {
      yield [node, opSupport(node) === 'rule' ? 'rule' : 'refused'];
      for (const name of node.inputs) if (dependent.has(name)) reached.add(name);
    }
  }
}
