import { dtypeOfCode } from '../../../core/onnx/dtypes.js';
import type { Attribute, Dim, DType, Graph, Tensor, ValueInfo } from '../../../core/onnx/graph.js';
import type { TemplateNode } from '../../../core/onnx/functions.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { onnx } from '../../../proto/gen/onnx-types.js';
import { dtypeName } from './dtypes.js';
import { toNumber } from './int64.js';
import { decodeSparse } from './sparse.js';
import { decodeTensor, type TensorSource } from './tensors.js';

/** What subgraphs share with the model they stand in. */
export type Header = Pick<Graph, 'irVersion' | 'producer' | 'opsets' | 'metadata'>;

/**
 * One GraphProto, subgraphs included; nodes are as in the file. Recursion is bounded by the scan's depth limit.
 *
 * A subgraph need not declare the types of its inputs and outputs, and may pass sequences. float32 of unknown rank then
 * stands in for them; nobody relies on it: `encodeModel` leaves such types to the engine again.
 *
 * @param outer what the subgraph belongs to; empty for the model's own graph.
 */
export function decodeGraph(
  proto: onnx.GraphProto.$Properties,
  header: Header,
  source: TensorSource,
  outer = '',
): Graph {
  const initializers = new Map<string, Tensor>();
  const add = (name: string, tensor: Tensor): void => {
    if (!name) malformed(source, 'an initializer has no name');
    if (initializers.has(name)) malformed(source, `initializer '${name}' is defined twice`);
    initializers.set(name, tensor);
  };
  for (const tensor of proto.initializer ?? []) {
    const name = tensor.name ?? '';
    add(name, decodeTensor(tensor, `initializer '${name}'`, source));
  }
  for (const sparse of proto.sparseInitializer ?? []) {
    const name = sparse.values?.name ?? '';
    add(name, decodeSparse(sparse, `initializer '${name}'`, source));
  }
  return {
    ...header,
    name: proto.name ?? '',
    // Up to IR version 3 initializers had to be listed as inputs; later ones are inputs with a default value.
    inputs: (proto.input ?? [])
      .filter(({ name }) => !initializers.has(name ?? ''))
      .map((info) => decodeValueInfo(info, 'input', outer, source)),
    outputs: (proto.output ?? []).map((info) => decodeValueInfo(info, 'output', outer, source)),
    nodes: (proto.node ?? []).map((node) => decodeNode(node, header, source)),
    initializers,
  };
}

export function decodeNode(proto: onnx.NodeProto.$Properties, header: Header, source: TensorSource): TemplateNode {
  const name = proto.name ?? '';
  const op = proto.opType ?? '';
  const outputs = proto.output ?? [];
  const what = `node ${name || (outputs[0] ?? '(no name)')} (${op})`;
  if (!op) malformed(source, `${what} names no operator`);
  const { values, references } = decodeAttributes(proto.attribute ?? [], what, header, source);
  return {
    name,
    op,
    domain: normalDomain(proto.domain ?? ''),
    inputs: proto.input ?? [],
    outputs,
    attributes: values,
    ...(references.size > 0 ? { references } : {}),
    ...(proto.overload ? { overload: proto.overload } : {}),
  };
}

export function decodeAttributes(
  protos: readonly onnx.AttributeProto.$Properties[],
  what: string,
  header: Header,
  source: TensorSource,
): { values: Map<string, Attribute>; references: Map<string, string> } {
  const values = new Map<string, Attribute>();
  const references = new Map<string, string>();
  for (const proto of protos) {
    const name = proto.name ?? '';
    if (values.has(name) || references.has(name)) malformed(source, `attribute ${name} of ${what} is given twice`);
    if (proto.refAttrName) references.set(name, proto.refAttrName);
    else values.set(name, decodeAttribute(proto, `attribute ${name} of ${what}`, header, source));
  }
  return { values, references };
}

/** The default domain has two spellings. */
export function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function decodeAttribute(
  proto: onnx.AttributeProto.$Properties,
  what: string,
  header: Header,
  source: TensorSource,
): Attribute {
  const declared = proto.type ?? 0;
  const type = declared === 0 ? impliedType(proto) : declared;
  switch (type) {
    case attributeType.float:
      return { type: 'float', value: proto.f ?? 0 };
    case attributeType.int:
      return { type: 'int', value: toNumber(proto.i) };
    case attributeType.string:
      return { type: 'string', value: utf8(proto.s ?? new Uint8Array()) };
    case attributeType.tensor:
      return { type: 'tensor', value: decodeTensor(proto.t ?? {}, what, source) };
    case attributeType.sparseTensor:
      return { type: 'tensor', value: decodeSparse(proto.sparseTensor ?? {}, what, source) };
    case attributeType.graph:
      return { type: 'graph', value: decodeGraph(proto.g ?? {}, header, source, ` of ${what}`) };
    case attributeType.floats:
      return { type: 'floats', value: proto.floats ?? [] };
    case attributeType.ints:
      return { type: 'ints', value: (proto.ints ?? []).map(toNumber) };
    case attributeType.strings:
      return { type: 'strings', value: (proto.strings ?? []).map(utf8) };
    default:
      throw new ScanError(
        'model-unsupported-op',
        `${source.file}: ${what} is of a kind (${type}) that no graph can hold`,
      );
  }
}

/** AttributeProto.AttributeType. */
export const attributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  sparseTensor: 11,
} as const;

/** IR version 1 had no type field: the one value that is set tells. */
function impliedType(proto: onnx.AttributeProto.$Properties): number {
  if (proto.floats?.length) return attributeType.floats;
  if (proto.ints?.length) return attributeType.ints;
  if (proto.strings?.length) return attributeType.strings;
  if (proto.t) return attributeType.tensor;
  if (proto.g) return attributeType.graph;
  if (proto.s && Object.hasOwn(proto, 's')) return attributeType.string;
  if (Object.hasOwn(proto, 'i')) return attributeType.int;
  if (Object.hasOwn(proto, 'f')) return attributeType.float;
  return 0;
}

function decodeValueInfo(
  proto: onnx.ValueInfoProto.$Properties,
  role: 'input' | 'output',
  outer: string,
  source: TensorSource,
): ValueInfo {
  const name = proto.name ?? '';
  const what = `${role}${outer} '${name}'`;
  if (!name) malformed(source, `an ${role}${outer} has no name`);
  const type = proto.type;
  if (outer && !type?.tensorType) return { name, dtype: 'float32', dims: undefined };
  const kind = type ? nonTensorKinds.find((key) => Object.hasOwn(type, key)) : undefined;
  if (kind) {
    throw new ScanError(
      'model-not-a-classifier',
      `${source.file}: ${what} is of ${kind.replace(/Type$/, '')} type. A scan needs an image tensor in and class scores out`,
    );
  }
  if (!type?.tensorType) malformed(source, `${what} declares no type`);
  return {
    name,
    dtype: valueType(type.tensorType.elemType ?? 0, what, source),
    dims: type.tensorType.shape
      ? (type.tensorType.shape.dim ?? []).map((dim) => decodeDim(dim, what, source))
      : undefined,
  };
}

const nonTensorKinds = ['sequenceType', 'mapType', 'opaqueType', 'sparseTensorType', 'optionalType'] as const;

function valueType(id: number, what: string, source: TensorSource): DType {
  const dtype = dtypeOfCode(id);
  if (!dtype) throw new ScanError('model-unsupported-op', `${source.file}: ${what} holds ${dtypeName(id)} values`);
  return dtype;
}

function decodeDim(proto: onnx.TensorShapeProto.Dimension.$Properties, what: string, source: TensorSource): Dim {
  if (proto.dimParam) return proto.dimParam;
  if (proto.dimValue === undefined || proto.dimValue === null) return null;
  const value = toNumber(proto.dimValue);
  // Some exporters write -1 for a size that is not known.
  if (value === -1) return null;
  if (value < 0) malformed(source, `${what} has the negative dimension ${value}`);
  return value;
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function malformed(source: TensorSource, what: string): never {
  throw new ScanError('model-malformed', `${source.file}: ${what}`);
}
