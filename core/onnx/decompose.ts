import { floatOf, floatsOf, intOf, stringOf } from './attributes.js';
import type { Attribute, Node } from './graph.js';
import { emptyReductions } from './empty-reductions.js';
import { liveNodes } from './live.js';
import { unrolledLstm } from './lstm.js';
import { newNode, newParts, withoutTrailing, type Attributes, type Parts, type Rule } from './parts.js';
import { reluForms } from './relu-forms.js';
import type { StaticGraph, ValueType } from './specialise.js';
import { scalar } from './tensor.js';

/**
 * Takes ops apart that engines' optimisers fused, into ops of the default domain that compute the same, and writes a ReLU as
 * such where it was written otherwise: saliency rules must see every activation. Reductions over no axes are written as what
 * they are. Ops that are not listed stay.
 */
export function decompose({ graph, types }: StaticGraph): StaticGraph {
  const parts = newParts(graph, types);
  const nodes = graph.nodes.flatMap((original) => {
    // ONNX Runtime crashes on a LayerNormalization whose omitted last input is spelt out.
    const node = { ...original, inputs: withoutTrailing(original.inputs) };
    const key = node.domain ? `${node.domain}.${node.op}` : node.op;
    const taken = Object.hasOwn(rules, key) ? rules[key]!(node, parts) : undefined;
    return taken ?? [node];
  });
  const initializers = new Map([...graph.initializers, ...parts.constants]);
  const live = liveNodes(
    nodes,
    graph.outputs.map(({ name }) => name),
  );
  return { graph: { ...graph, nodes: live, initializers }, types: parts.types };
}

const rules: Readonly<Record<string, Rule>> = {
  ...reluForms,
  ...emptyReductions,
  Erfc: erfc,
  LSTM: unrolledLstm,
  'com.microsoft.QuantizeLinear': (node, parts) => reluForms.QuantizeLinear(standard(node), parts) ?? [standard(node)],
  'com.microsoft.DequantizeLinear': (node) => [standard(node)],
  'com.microsoft.FusedConv': fusedConv,
  'com.microsoft.FusedGemm': fusedGemm,
  'com.microsoft.FusedMatMul': fusedMatMul,
  'com.microsoft.Gelu': (node) => [newNode(node, 'Gelu', node.inputs, node.outputs)],
  'com.microsoft.BiasGelu': (node, parts) => afterBias(node, parts, {}),
  'com.microsoft.FastGelu': (node, parts) => afterBias(node, parts, { approximate: text('tanh') }),
  'com.microsoft.QuickGelu': quickGelu,
  'com.microsoft.SkipLayerNormalization': skipLayerNormalization,
};

/** Ops that are taken apart, by qualified name; of some of them only certain forms. */
export const decomposedOps: ReadonlySet<string> = new Set(Object.keys(rules));

/** Conv, then an addend Z, then an activation. */
function fusedConv(node: Node, parts: Parts): Node[] | undefined {
  const [x, weight, bias = '', addend = ''] = node.inputs;
  const parameters = floatsOf(node, 'activation_params', []);
  const type = parts.types.get(node.outputs[0]!)!;
  const activation = stringOf(node, 'activation', '');
  const chain: Step[] = [(_, to) => newNode(node, 'Conv', [x!, weight!, bias], [to], kept(node, /^activation/))];
  if (addend) chain.push((from, to) => newNode(node, 'Add', [from, addend], [to]));
  if (activation) {
    const step = activated(node, parts, activation, parameters);
    if (!step) return undefined;
    chain.push(step);
  }
  return chained(node, parts, chain, type);
}

function fusedGemm(node: Node, parts: Parts): Node[] | undefined {
  const parameters = ['activation_alpha', 'activation_beta'].flatMap((name) => floatOf(node, name, undefined) ?? []);
  const step = activated(node, parts, stringOf(node, 'activation', ''), parameters);
  if (!step) return undefined;
  const gemm: Step = (_, to) => newNode(node, 'Gemm', node.inputs, [to], kept(node, /^activation/));
  return chained(node, parts, [gemm, step], parts.types.get(node.outputs[0]!)!);
}

/** alpha A' B', the last two axes of either operand optionally swapped. */
function fusedMatMul(node: Node, parts: Parts): Node[] | undefined {
  if (intOf(node, 'transBatchA', 0) !== 0 || intOf(node, 'transBatchB', 0) !== 0) return undefined;
  const nodes: Node[] = [];
  const operands = node.inputs.map((name, i) => {
    const { dtype, dims } = parts.types.get(name)!;
    if (intOf(node, i === 0 ? 'transA' : 'transB', 0) === 0 || dims.length < 2) return name;
    const perm = dims.map((_, axis) => axis);
    [perm[perm.length - 2], perm[perm.length - 1]] = [perm.length - 1, perm.length - 2];
    const swapped = parts.value(node, `transposed_${i}`, { dtype, dims: perm.map((axis) => dims[axis]!) });
    nodes.push(newNode(node, 'Transpose', [name], [swapped], { perm: { type: 'ints', value: perm } }));
    return swapped;
  });
  const alpha = floatOf(node, 'alpha', 1);
  const chain: Step[] = [(_, to) => newNode(node, 'MatMul', operands, [to])];
  if (alpha !== 1) {
    const factor = parts.constant(node, 'alpha', scalar(alpha));
    chain.push((from, to) => newNode(node, 'Mul', [from, factor], [to]));
  }
  return [...nodes, ...chained(node, parts, chain, parts.types.get(node.outputs[0]!)!)];
}

/** Gelu(x + bias); FastGelu may come without a bias. */
function afterBias(node: Node, parts: Parts, attributes: Attributes): Node[] {
  const type = parts.types.get(node.outputs[0]!)!;
  const gelu: Step = (from, to) => newNode(node, 'Gelu', [from || node.inputs[0]!], [to], attributes);
  if (!node.inputs[1]) return chained(node, parts, [gelu], type);
  return chained(node, parts, [(_, to) => newNode(node, 'Add', node.inputs, [to]), gelu], type);
}

/** 1 - Erf(x). ONNX has no such op: tf2onnx leaves TensorFlow's as it is, and TensorFlow writes GELU with it. */
function erfc(node: Node, parts: Parts): Node[] {
  const one = parts.constant(node, 'one', scalar(1));
  return chained(
    node,
    parts,
    [(_, to) => newNode(node, 'Erf', node.inputs, [to]), (from, to) => newNode(node, 'Sub', [one, from], [to])],
    parts.types.get(node.outputs[0]!)!,
  );
}

/** x sigmoid(alpha x) */
function quickGelu(node: Node, parts: Parts): Node[] {
  const type = parts.types.get(node.outputs[0]!)!;
  const alpha = parts.constant(node, 'alpha', scalar(floatOf(node, 'alpha', 1.702)));
  return chained(
    node,
    parts,
    [
      (_, to) => newNode(node, 'Mul', [node.inputs[0]!, alpha], [to]),
      (from, to) => newNode(node, 'Sigmoid', [from], [to]),
      (from, to) => newNode(node, 'Mul', [node.inputs[0]!, from], [to]),
    ],
    type,
  );
}

/** LayerNormalization of input + skip (+ bias) over the last axis; the fourth output is the sum. */
function skipLayerNormalization(node: Node, parts: Parts): Node[] | undefined {
  const [x, skip, scale, shift = '', bias = ''] = node.inputs;
  const [y, mean, deviation, sum] = node.outputs;
  if (mean || deviation) return undefined;
  const type = parts.types.get(y!)!;
  const total = sum === undefined || sum === '' ? parts.value(node, 'sum', type) : sum;
  const adds: Step[] = [(_, to) => newNode(node, 'Add', [x!, skip!], [to])];
  if (bias) adds.push((from, to) => newNode(node, 'Add', [from, bias], [to]));
  const attributes: Attributes = {
    axis: { type: 'int', value: -1 },
    epsilon: { type: 'float', value: floatOf(node, 'epsilon', 1e-12) },
  };
  return [
    ...chained({ ...node, outputs: [total] }, parts, adds, type),
    newNode(node, 'LayerNormalization', withoutTrailing([total, scale!, shift]), [y!], attributes),
  ];
}

type Step = (from: string, to: string) => Node;

/** Steps one after the other, the last one into the node's first output; all results have the same type. */
function chained(node: Node, parts: Parts, steps: readonly Step[], type: ValueType): Node[] {
  let from = '';
  return steps.map((step, i) => {
    const to = i === steps.length - 1 ? node.outputs[0]! : parts.value(node, `part_${i}`, type);
    const made = step(from, to);
    from = to;
    return made;
  });
}

/** Activation of a fused op; its parameters come in the order in which ONNX lists them. */
function activated(node: Node, parts: Parts, op: string, [first, second]: readonly number[]): Step | undefined {
  const float = (value: number | undefined): Attribute | undefined =>
    value === undefined ? undefined : { type: 'float', value };
  const attributes = (named: Readonly<Record<string, number | undefined>>): Attributes =>
    Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (float(value) ? [[name, float(value)!]] : [])));
  switch (op) {
    case 'Relu':
    case 'Sigmoid':
    case 'Softplus':
    case 'Softsign':
    case 'Tanh':
      return (from, to) => newNode(node, op, [from], [to]);
    case 'Elu':
    case 'LeakyRelu':
    case 'ThresholdedRelu':
      return (from, to) => newNode(node, op, [from], [to], attributes({ alpha: first }));
    case 'HardSigmoid':
      return (from, to) => newNode(node, op, [from], [to], attributes({ alpha: first, beta: second }));
    case 'Clip': {
      const bounds = [first, second].map((bound, i) =>
        bound === undefined ? '' : parts.constant(node, i === 0 ? 'min' : 'max', scalar(bound)),
      );
      return (from, to) => newNode(node, op, withoutTrailing([from, ...bounds]), [to]);
    }
    default:
      return undefined;
  }
}

function standard(node: Node): Node {
  return { ...node, domain: '' };
}

function kept(node: Node, but: RegExp): Attributes {
  return Object.fromEntries([...node.attributes].filter(([name]) => !but.test(name)));
}

function text(value: string): Attribute {
  return { type: 'string', value };
}
