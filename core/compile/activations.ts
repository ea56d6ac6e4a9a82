import type { Graph, Node } from '../onnx/graph.js';

/**
 * Finds activations that exporters write as several nodes: x sigmoid(x) (SiLU), x Phi(x) (GELU, by Erf or Tanh),
 * x hardsigmoid(x), x tanh(softplus(x)) (Mish).
 *
 * The mark is a Mul whose two operands are elementwise functions of one and the same value, one of them not linear.
 * Only the outermost such Mul counts: what happens inside an activation keeps its ordinary derivative.
 */
export function selfGatedActivations(graph: Graph): ReadonlySet<Node> {
  const producer = new Map<string, Node>();
  const consumers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const name of node.outputs) producer.set(name, node);
    for (const name of node.inputs) consumers.set(name, [...(consumers.get(name) ?? []), node]);
  }
  const variable = (node: Node): string[] => node.inputs.filter((name) => name && !graph.initializers.has(name));

  const ancestors = (name: string, depth = 0): Set<string> => {
    const found = new Set([name]);
    const node = producer.get(name);
    if (!node || !elementwise.has(node.op) || depth > maxDepth) return found;
    const [first, ...rest] = variable(node).map((input) => ancestors(input, depth + 1));
    if (!first) return found;
    for (const candidate of first) if (rest.every((other) => other.has(candidate))) found.add(candidate);
    return found;
  };
  const gates = (node: Node): boolean => {
    if (node.op !== 'Mul') return false;
    const [a, b] = variable(node);
    if (a === undefined || b === undefined || a === b) return false;
    const viaA = ancestors(a);
    return [...ancestors(b)].some((name) => viaA.has(name) && (curved(a, name) || curved(b, name)));
  };
  const curved = (from: string, to: string, depth = 0): boolean => {
    if (from === to || depth > maxDepth) return false;
    const node = producer.get(from);
    if (!node || !elementwise.has(node.op)) return false;
    return squashing.has(node.op) || variable(node).some((input) => curved(input, to, depth + 1));
  };

  const marked = new Set(graph.nodes.filter(gates));
  const leadsToGate = (node: Node, depth = 0): boolean =>
    depth <= maxDepth &&
    node.outputs.some((name) =>
      (consumers.get(name) ?? []).some(
        (next) => elementwise.has(next.op) && (sharesRoot(next, name) || leadsToGate(next, depth + 1)),
      ),
    );
  const sharesRoot = (next: Node, from: string): boolean => {
    const others = variable(next).filter((name) => name !== from);
    return (
      marked.has(next) &&
      others.length > 0 &&
      others.every((name) => [...ancestors(name)].some((root) => ancestors(from).has(root)))
    );
  };
  return new Set([...marked].filter((node) => !leadsToGate(node)));
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
