import { codeOfDType, isInteger } from './dtypes.js';
import { promoteImage } from './promote-image.js';
import type { Attribute, DType, Graph, Node, Tensor, ValueInfo } from './graph.js';
import { numbersOf } from './tensor.js';

/**
 * Computes in float32 throughout: float16, bfloat16 and float64 tensors, inputs and Casts become float32. An integer image
 * input becomes float32 too, because gradients are taken with respect to it; see {@link promoteImage}. Quantised weights
 * and QuantizeLinear/DequantizeLinear pairs stay as they are.
 */
export function promote(graph: Graph, imageInput?: string): Graph {
  const promoted = promoteFloats(graph);
  const image = promoted.inputs.find((input) => input.name === imageInput);
  return image !== undefined && isInteger(image.dtype) ? promoteImage(promoted, image) : promoted;
}

function promoteFloats(graph: Graph): Graph {
  return {
    ...graph,
    inputs: graph.inputs.map(promoteInfo),
    outputs: graph.outputs.map(promoteInfo),
    initializers: new Map([...graph.initializers].map(([name, tensor]) => [name, promoteTensor(tensor)])),
    nodes: graph.nodes.map(promoteNode),
  };
}

const widened: ReadonlySet<DType> = new Set(['float16', 'bfloat16', 'float64']);

function promoteInfo(info: ValueInfo): ValueInfo {
  return widened.has(info.dtype) ? { ...info, dtype: 'float32' } : info;
}

/** Doubles beyond the range of float32, such as the -1.8e308 of an attention mask, become its largest finite value. */
function promoteTensor(tensor: Tensor): Tensor {
  if (!widened.has(tensor.dtype)) return tensor;
  const data = Float32Array.from(numbersOf(tensor));
  if (tensor.dtype === 'float64') {
    const source = tensor.data as Float64Array;
    data.forEach((value, i) => {
      if (!Number.isFinite(value) && Number.isFinite(source[i])) data[i] = Math.sign(value) * maxFloat32;
    });
  }
  return { dtype: 'float32', dims: tensor.dims, data };
}

const maxFloat32 = (2 - 2 ** -23) * 2 ** 127;

function promoteNode(node: Node): Node {
  if (node.attributes.size === 0) return node;
  const attributes = new Map(
    [...node.attributes].map(([name, attribute]) => [name, promoteAttribute(name, attribute)]),
  );
  return { ...node, attributes };
}

/** Attributes that name an element type by number. */
const typeAttributes = new Set(['to', 'dtype', 'output_dtype', 'output_datatype', 'stash_type', 'softmax_precision']);
const widenedCodes = new Set([...widened].map(codeOfDType));

function promoteAttribute(name: string, attribute: Attribute): Attribute {
  switch (attribute.type) {
    case 'tensor':
      return { type: 'tensor', value: promoteTensor(attribute.value) };
    case 'graph':
      return { type: 'graph', value: promoteFloats(attribute.value) };
    case 'int':
      return typeAttributes.has(name) && widenedCodes.has(attribute.value)
        ? { type: 'int', value: codeOfDType('float32') }
        : attribute;
    default:
      return attribute;
  }
}
