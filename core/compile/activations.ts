import type { Graph, Node } from '../onnx/graph.js';

export interface SelfGatedActivations {
  /** The Mul that ends each activation. */
  readonly ends: ReadonlySet<Node>;
  /** The nodes between its input and that Mul. */
  readonly inside: ReadonlySet<Node>;
}

/**
 * Finds activations that exporters write as several nodes: x sigmoid(x) (SiLU), x Phi(x) (GELU, by Erf or Tanh),
 * x hardsigmoid(x), x tanh(softplus(x)) (Mish).
 *
 * The sign is a Mul whose two operands are elementwise functions of one and the same value, one of them not linear. Only the
 * outermost such Mul counts, and what happens inside an activation keeps its ordinary derivative.
 */
export function selfGatedActivations(graph: Graph): SelfGatedActivations {
  const producer = new Map<string, Node>();
  const order = new Map<string, number>();
  graph.nodes.forEach((node, i) => {
    for (const name of node.outputs) {
      producer.set(name, node);
      order.set(name, i);
    }
  });
  const variable = (node: Node): string[] => node.inputs.filter((name) => name && !graph.initializers.has(name));
  const step = (name: string, depth: number): Node | undefined => {
    const node = producer.get(name);
    return node && elementwise.has(node.op) && depth <= maxDepth ? node : undefined;
  };

  /** The value itself and every value that all of it is an elementwise function of. */
  const sources = (name: string, depth = 0): Set<string> => {
    const found = new Set([name]);
    const node = step(name, depth);
    const [first, ...rest] = node ? variable(node).map((input) => sources(input, depth + 1)) : [];
    for (const candidate of first ?? []) if (rest.every((other) => other.has(candidate))) found.add(candidate);
    return found;
  };
  const curved = (from: string, to: string, depth = 0): boolean => {
    const node = from === to ? undefined : step(from, depth);
    return !!node && (squashing.has(node.op) || variable(node).some((input) => curved(input, to, depth + 1)));
  };
  /** The last value that both operands are functions of. */
  const rootOf = (node: Node): string | undefined => {
    const [a, b] = variable(node);
    if (node.op !== 'Mul' || a === undefined || b === undefined || a === b) return undefined;
    const viaA = sources(a);
    const roots = [...sources(b)].filter((name) => viaA.has(name) && (curved(a, name) || curved(b, name)));
    return roots.sort((left, right) => (order.get(right) ?? -1) - (order.get(left) ?? -1))[0];
  };
  const between = (node: Node, root: string, found: Set<Node>): void => {
    for (const name of variable(node)) {
      const next = name === root ? undefined : producer.get(name);
      if (!next || found.has(next)) continue;
      found.add(next);
      between(next, root, found);
    }
  };

  const ends = new Set<Node>();
  const inside = new Set<Node>();
  for (const node of graph.nodes) {
    const root = rootOf(node);
    if (root === undefined) continue;
    ends.add(node);
    between(node, root, inside);
  }
  return { ends: new Set([...ends].filter((node) => !inside.has(node))), inside };
}

const maxDepth = 8;

const squashing = new Set(['Sigmoid', 'HardSigmoid', 'Erf', 'Tanh', 'Clip', 'Softplus']);
const elementwise = new Set([
  ...squashing,
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Pow',
  'Neg',
  'Exp',
  'Log',
  'Sqrt',
  'Reciprocal',
  'Relu',
]);
