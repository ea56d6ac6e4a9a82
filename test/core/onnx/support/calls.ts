import type { Attribute, DType, Graph, Node, Tensor } from '../../../../core/onnx/graph.js';
import type { OpCall } from '../../../../core/onnx/shapes/call.js';
import { inferTypes } from '../../../../core/onnx/shapes/index.js';

/** A whole number is an int, `{ float }` a float, a list of numbers ints. */
export type AttributeValue = number | { readonly float: number } | string | readonly number[] | Tensor | Graph;

/** Dims stand for a float32 value that depends on the image, a typed form for another element type, a tensor for a constant. */
export type Operand = readonly number[] | { readonly dtype: DType; readonly of: readonly number[] } | Tensor | null;

export interface CallOptions {
  readonly opset?: number;
  readonly domain?: string;
  readonly outputs?: number;
}

export function attributesOf(values: Readonly<Record<string, AttributeValue>>): ReadonlyMap<string, Attribute> {
  return new Map(Object.entries(values).map(([name, value]) => [name, attributeOf(value)]));
}

function attributeOf(value: AttributeValue): Attribute {
  if (typeof value === 'number') return { type: 'int', value };
  if (typeof value === 'string') return { type: 'string', value };
  if ('float' in value) return { type: 'float', value: value.float };
  if ('nodes' in value) return { type: 'graph', value };
  if ('data' in value) return { type: 'tensor', value };
  return { type: 'ints', value };
}

export function callOf(
  op: string,
  operands: readonly Operand[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  { opset = 21, domain = '', outputs = 1 }: CallOptions = {},
): OpCall {
  const node: Node = {
    name: 'under_test',
    op,
    domain,
    inputs: operands.map((operand, i) => (operand === null ? '' : `in${i}`)),
    outputs: Array.from({ length: outputs }, (_, i) => `out${i}`),
    attributes: attributesOf(attributes),
  };
  return {
    node,
    opset,
    types: operands.map((operand) => {
      if (operand === null) return undefined;
      if ('data' in operand) return { dtype: operand.dtype, dims: operand.dims };
      return 'of' in operand ? { dtype: operand.dtype, dims: operand.of } : { dtype: 'float32', dims: operand };
    }),
    constants: operands.map((operand) => (operand !== null && 'data' in operand ? operand : undefined)),
  };
}

/** `float32[1,4,8,8]` for each of the node's outputs. */
export function inferred(...args: Parameters<typeof callOf>): string {
  const call = callOf(...args);
  const types = inferTypes(call).slice(0, call.node.outputs.length);
  return types.map(({ dtype, dims }) => `${dtype}[${dims.join()}]`).join(' ');
}
