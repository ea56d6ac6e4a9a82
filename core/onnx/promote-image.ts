import { ScanError } from '../scan/errors.js';
import { intOf } from './attributes.js';
import { bytesOf, codeOfDType, dtypeOfCode, isFloat, isInteger } from './dtypes.js';
import type { DType, Graph, Node, ValueInfo } from './graph.js';

/**
 * Makes an integer image input float32. The values that are still the image's integers are followed: a Cast to a float type
 * becomes a Cast from float32 (and so vanishes), one to a wider integer type as well; ops that only move elements take
 * floats as they are; sums, differences and products get their other operand as float32, DequantizeLinear is spelled out.
 * The result is the same function on whole numbers.
 * @throws ScanError `model-unsupported-op` for arithmetic that wraps around
 */
export function promoteImage(graph: Graph, image: ValueInfo): Graph {
  // Values that hold integers as floats, with the element type they had.
  const image32 = new Map<string, DType>([[image.name, image.dtype]]);
  const nodes = graph.nodes.flatMap((node) => {
    const types = node.inputs.map((name) => image32.get(name));
    return types.some((type) => type !== undefined) ? follow(node, types, image32) : [node];
  });
  const asFloat = (info: ValueInfo): ValueInfo => (image32.has(info.name) ? { ...info, dtype: 'float32' } : info);
  return { ...graph, nodes, inputs: graph.inputs.map(asFloat), outputs: graph.outputs.map(asFloat) };
}

/** The image is their first input and their output has its element type. */
const moving = new Set([
  'DepthToSpace',
  'Expand',
  'Flatten',
  'Gather',
  'Identity',
  'MaxPool',
  'Reshape',
  'Slice',
  'SpaceToDepth',
  'Split',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
]);
/** All inputs share one element type. */
const joining = new Set(['Concat', 'Max', 'Min']);
/** The same, for types so wide that no sum or product of pixels wraps around. */
const arithmetic = new Set(['Add', 'Mul', 'Sub']);

function follow(node: Node, types: readonly (DType | undefined)[], image32: Map<string, DType>): Node[] {
  const type = types.find((candidate) => candidate !== undefined)!;
  const mark = (dtype: DType) => {
    node.outputs.forEach((name) => name !== '' && image32.set(name, dtype));
  };
  if (node.domain !== '') return [node];
  if (node.op === 'Cast') {
    const to = dtypeOfCode(intOf(node, 'to', 0));
    if (to === undefined || (isInteger(to) && !holds(to, type)) || (!isInteger(to) && !isFloat(to))) return [node];
    if (isInteger(to)) mark(to);
    return [{ ...node, attributes: new Map(node.attributes).set('to', float32Attribute) }];
  }
  if (node.op === 'DequantizeLinear' && types[0] !== undefined) return dequantised(node);
  if (moving.has(node.op) && types[0] !== undefined) {
    mark(type);
    return [node];
  }
  if (joining.has(node.op) || arithmetic.has(node.op)) {
    if (arithmetic.has(node.op) && bytesOf(type) < 4) throw wrapping(node, type);
    mark(type);
    return withFloatOperands(node, types);
  }
  return [node];
}

function wrapping(node: Node, type: DType): ScanError {
  return new ScanError(
    'model-unsupported-op',
    `node "${node.name}" (${node.op}) computes with the image in ${type}, where results wrap around and have no gradient; cast to float first and export the model again`,
  );
}

const float32Attribute = { type: 'int', value: codeOfDType('float32') } as const;

function holds(wide: DType, narrow: DType): boolean {
  if (wide === narrow) return true;
  const signs = wide.startsWith('int') || narrow.startsWith('uint');
  return signs && bytesOf(wide) > bytesOf(narrow);
}

/** Operands that are not the image get a Cast; being constant as a rule, they are folded. */
function withFloatOperands(node: Node, types: readonly (DType | undefined)[]): Node[] {
  const casts: Node[] = [];
  const inputs = node.inputs.map((name, i) => {
    if (types[i] !== undefined || name === '') return name;
    const output = `${node.outputs[0]}.operand${i}`;
    casts.push(cast(name, output));
    return output;
  });
  return [...casts, { ...node, inputs }];
}

/** (x - zero point) * scale; only a scale for the whole tensor makes sense for an image. */
function dequantised(node: Node): Node[] {
  const [x = '', scale = '', zero = ''] = node.inputs;
  const output = node.outputs[0]!;
  const product = (from: string): Node => binary('Mul', from, scale, output);
  if (zero === '') return [product(x)];
  return [
    cast(zero, `${output}.zero`),
    binary('Sub', x, `${output}.zero`, `${output}.shifted`),
    product(`${output}.shifted`),
  ];
}

function cast(from: string, to: string): Node {
  return {
    name: to,
    op: 'Cast',
    domain: '',
    inputs: [from],
    outputs: [to],
    attributes: new Map([['to', float32Attribute]]),
  };
}

function binary(op: string, left: string, right: string, output: string): Node {
  return { name: output, op, domain: '', inputs: [left, right], outputs: [output], attributes: new Map() };
}
