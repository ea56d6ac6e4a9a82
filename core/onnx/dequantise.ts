import { floatOf, intOf } from './attributes.js';
import type { Graph, Node, Tensor } from './graph.js';
import { NameSupply } from './name-supply.js';
import { newNode, type Attributes } from './parts.js';
import { float32, scalar } from './tensor.js';

/**
 * Writes operators on quantised numbers (ONNX's QLinear operators and those of ONNX Runtime's quantiser) as DequantizeLinear,
 * the float operator, QuantizeLinear: the form that has gradients, and the one quantisers write alternatively. Sums are then
 * rounded as floats, so that a result may be one quantum off where two are equally near. MatMulInteger and ConvInteger, of
 * dynamic quantisation, become the float operator on the same whole numbers.
 */
export function dequantise(graph: Graph): Graph {
  if (!graph.nodes.some((node) => formOf(node))) return graph;
  const parts: Parts = { names: new NameSupply(graph), constants: new Map() };
  const nodes = graph.nodes.flatMap((node) => {
    const form = formOf(node);
    return form ? written(node, form, parts) : [node];
  });
  return { ...graph, nodes, initializers: new Map([...graph.initializers, ...parts.constants]) };
}

/** Inputs: the numbers, their scale, their zero point; without a scale the numbers themselves are meant. */
interface Quantised {
  readonly inputs: readonly [numbers: number, scale: number | undefined, zero: number];
  /** Of numbers with several scales. */
  readonly axis?: number;
}

interface Form {
  readonly op: string;
  readonly operands: readonly Quantised[];
  /** Input with 32-bit integers, whose scale is the product of those of both operands and the factor. */
  readonly bias?: { readonly input: number; readonly axis: number; readonly factor?: number };
  /** Inputs with the scale and the zero point of the result; where there are none it is a float. */
  readonly result?: readonly [scale: number, zero: number];
  /** Attributes that are not the float operator's. */
  readonly without?: readonly string[];
}

function formOf(node: Node): Form | undefined {
  const name = node.domain ? `${node.domain}.${node.op}` : node.op;
  return Object.hasOwn(forms, name) ? forms[name]!(node) : undefined;
}

const forms: Readonly<Record<string, (node: Node) => Form | undefined>> = {
  ConvInteger: integers('Conv', 0),
  MatMulInteger: integers('MatMul', -1),
  QLinearConv: convolution,
  QLinearMatMul: () => ({
    op: 'MatMul',
    operands: [
      { inputs: [0, 1, 2], axis: -2 },
      { inputs: [3, 4, 5], axis: -1 },
    ],
    result: [6, 7],
  }),
  'com.microsoft.QLinearConv': convolution,
  'com.microsoft.QGemm': (node) => ({
    op: 'Gemm',
    operands: [{ inputs: [0, 1, 2] }, { inputs: [3, 4, 5], axis: intOf(node, 'transB', 0) === 0 ? 1 : 0 }],
    bias: { input: 6, axis: -1, factor: floatOf(node, 'alpha', 1) },
    result: [7, 8],
  }),
  'com.microsoft.QLinearAdd': binary('Add'),
  'com.microsoft.QLinearMul': binary('Mul'),
  'com.microsoft.QLinearConcat': (node) => ({
    op: 'Concat',
    operands: Array.from({ length: Math.floor((node.inputs.length - 2) / 3) }, (_, i) => ({
      inputs: [2 + 3 * i, 3 + 3 * i, 4 + 3 * i],
    })),
    result: [0, 1],
  }),
  'com.microsoft.QLinearAveragePool': unary('AveragePool'),
  'com.microsoft.QLinearGlobalAveragePool': unary('GlobalAveragePool'),
  'com.microsoft.QLinearLeakyRelu': unary('LeakyRelu'),
  'com.microsoft.QLinearSigmoid': unary('Sigmoid'),
  'com.microsoft.QLinearSoftmax': unary('Softmax', ['opset']),
};

/** Operators that are written so, by qualified name; of some of them only certain forms. */
export const dequantisedOps: ReadonlySet<string> = new Set(Object.keys(forms));

function convolution(node: Node): Form | undefined {
  if (hasChannelsLast(node)) return undefined;
  return {
    op: 'Conv',
    operands: [{ inputs: [0, 1, 2] }, { inputs: [3, 4, 5], axis: 0 }],
    bias: { input: 8, axis: 0 },
    result: [6, 7],
    without: ['channels_last'],
  };
}

function integers(op: string, axis: number): () => Form {
  const operands: Quantised[] = [{ inputs: [0, undefined, 2] }, { inputs: [1, undefined, 3], axis }];
  return () => ({ op, operands });
}

function unary(op: string, without: readonly string[] = []): (node: Node) => Form | undefined {
  const form: Form = { op, operands: [{ inputs: [0, 1, 2] }], result: [3, 4], without: ['channels_last', ...without] };
  return (node) => (hasChannelsLast(node) ? undefined : form);
}

function binary(op: string): () => Form {
  return () => ({ op, operands: [{ inputs: [0, 1, 2] }, { inputs: [3, 4, 5] }], result: [6, 7] });
}

function hasChannelsLast(node: Node): boolean {
  return intOf(node, 'channels_last', 0) !== 0;
}

interface Parts {
  readonly names: NameSupply;
  readonly constants: Map<string, Tensor>;
}

function written(node: Node, { op, operands, bias, result, without = [] }: Form, { names, constants }: Parts): Node[] {
  const nodes: Node[] = [];
  const fresh = (hint: string): string => names.fresh(`${node.outputs[0]}/${hint}`);
  const add = (kind: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string => {
    nodes.push(newNode(node, kind, inputs, [output], attributes));
    return output;
  };
  const constant = (hint: string, tensor: Tensor): string => {
    const name = fresh(hint);
    constants.set(name, tensor);
    return name;
  };
  const input = (index: number | undefined): string => (index === undefined ? '' : (node.inputs[index] ?? ''));
  /** A scale of 1 for each zero point. */
  const ones = (zero: string): string => {
    if (zero === '') return constant('one', scalar(1));
    const shape = add('Shape', [zero], fresh('shape'));
    return add('ConstantOfShape', [shape], fresh('one'), { value: { type: 'tensor', value: float32([1], [1]) } });
  };
  const floats = operands.map(({ inputs: [numbers, scale, zero], axis }, i) => {
    const scaled = scale === undefined ? ones(input(zero)) : input(scale);
    return add('DequantizeLinear', [input(numbers), scaled, input(zero)], fresh(`operand_${i}`), axisOf(axis));
  });
  if (bias && input(bias.input) !== '') {
    const scales = operands.map(({ inputs }) => input(inputs[1]));
    let scale = add('Mul', scales, fresh('bias_scale'));
    if (bias.factor !== undefined && bias.factor !== 1) {
      scale = add('Mul', [scale, constant('factor', scalar(bias.factor))], fresh('bias_scale'));
    }
    floats.push(add('DequantizeLinear', [input(bias.input), scale], fresh('bias'), axisOf(bias.axis)));
  }
  const attributes = Object.fromEntries([...node.attributes].filter(([name]) => !without.includes(name)));
  const [output] = node.outputs as readonly [string];
  const [scale, zero] = [input(result?.[0]), input(result?.[1])];
  if (scale === '') {
    add(op, floats, output, attributes);
  } else {
    const float = add(op, floats, fresh('float'), attributes);
    add('QuantizeLinear', [float, scale, zero], output);
  }
  return nodes;
}

function axisOf(axis: number | undefined): Attributes {
  return axis === undefined ? {} : { axis: { type: 'int', value: axis } };
}
