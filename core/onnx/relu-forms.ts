import type { Node, Tensor } from './graph.js';
import { newNode, withoutTrailing, type Parts, type Rule } from './parts.js';
import { numbersOf, scalar } from './tensor.js';

/** Other ways to write ReLU and ReLU6, rewritten as Relu and Clip. */
export const reluForms = {
  Max: (node, parts) => bounded(node, parts, 'min'),
  Min: (node, parts) => bounded(node, parts, 'max'),
  Clip: clippedRelu,
  QuantizeLinear: quantizedRelu,
} satisfies Readonly<Record<string, Rule>>;

/** Max(x, 0) is Clip(x, 0); Min(Max(x, 0), 6) and Min(Relu(x), 6) are Clip(x, 0, 6). */
function bounded(node: Node, parts: Parts, side: 'min' | 'max'): Node[] | undefined {
  const bound = boundOf(node, parts);
  if (!bound) return undefined;
  const value = parts.constant(node, side, scalar(bound.value));
  if (side === 'min') return [newNode(node, 'Clip', [bound.x, value], node.outputs)];
  const source = cutAtZero(bound.x, parts);
  if (source === undefined || bound.value <= 0) return [newNode(node, 'Clip', [bound.x, '', value], node.outputs)];
  return [newNode(node, 'Clip', [source, parts.constant(node, 'min', scalar(0)), value], node.outputs)];
}

/** Clip(Relu(x), 0, 6) is Clip(x, 0, 6). */
function clippedRelu(node: Node, parts: Parts): Node[] | undefined {
  const [x, low = '', high = ''] = node.inputs;
  const source = cutAtZero(x!, parts);
  const upper = numberOf(high, parts);
  if (source === undefined || upper === undefined || upper <= 0 || (low && !((numberOf(low, parts) ?? 1) <= 0)))
    return undefined;
  return [newNode(node, 'Clip', withoutTrailing([source, parts.constant(node, 'min', scalar(0)), high]), node.outputs)];
}

/** The value that a ReLU, however written, makes this one of. */
function cutAtZero(name: string, parts: Parts): string | undefined {
  const node = parts.producers.get(name);
  if (node?.op === 'Relu') return node.inputs[0];
  if (node?.op !== 'Max') return undefined;
  const bound = boundOf(node, parts);
  return bound?.value === 0 ? bound.x : undefined;
}

/** The other operand of a Max or Min with one number, if that does not stretch it. */
function boundOf(node: Node, parts: Parts): { x: string; value: number } | undefined {
  if (node.inputs.length !== 2) return undefined;
  const [a, b] = node.inputs as [string, string];
  const [x, value] = numberOf(b, parts) === undefined ? [b, numberOf(a, parts)] : [a, numberOf(b, parts)];
  const [own, result] = [x, node.outputs[0]!].map((name) => parts.types.get(name)!);
  if (value === undefined || own!.dtype !== 'float32' || own!.dims.join() !== result!.dims.join()) return undefined;
  return { x, value };
}

/** The number that all elements of a constant are. */
function numberOf(name: string, parts: Parts): number | undefined {
  const tensor = name ? parts.known(name) : undefined;
  if (tensor === undefined || tensor.data.length === 0) return undefined;
  const [first, ...rest] = numbersOf(tensor);
  return rest.every((value) => value === first) ? first : undefined;
}

/**
 * Quantisers leave out a ReLU whose result they quantise with the zero point at the lowest number, because rounding cuts there
 * anyway. Put back, it is seen for what it is.
 */
function quantizedRelu(node: Node, parts: Parts): Node[] | undefined {
  const [x, , zeroPoint] = node.inputs;
  const zero = zeroPoint ? parts.known(zeroPoint) : undefined;
  const lowest = zero && lowestOf[zero.dtype];
  if (lowest === undefined || !numbersOf(zero!).every((value) => value === lowest)) return undefined;
  if (!signed.has(parts.producers.get(x!)?.op ?? '')) return undefined;
  const cut = parts.value(node, 'relu', parts.types.get(x!)!);
  return [newNode(node, 'Relu', [x!], [cut]), { ...node, inputs: [cut, ...node.inputs.slice(1)] }];
}

const lowestOf: Readonly<Partial<Record<Tensor['dtype'], number>>> = { uint8: 0, int8: -128, uint16: 0, int16: -32768 };
/** Ops whose results have both signs. */
const signed = new Set(['Add', 'BatchNormalization', 'Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Sub']);
