import { codeOfDType } from '../../../core/onnx/dtypes.js';
import type { Attribute, Graph, Node, Tensor, ValueInfo } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import { onnx as codec } from '../../../proto/gen/onnx.js';
import type { onnx } from '../../../proto/gen/onnx-types.js';
import { attributeType } from './graph.js';
import { toInt64 } from './int64.js';

/**
 * The graph as an ONNX file that engines load: all tensors inside the file, little-endian.
 *
 * protobufjs would copy the weights about six times while its buffer grows and lengths are filled in. So it only encodes
 * what is small, and the records that hold the initializers are laid around it: weights are copied once.
 *
 * @throws ScanError `model-too-large` from 2 GiB on, the largest protobuf message.
 */
export function encodeModel(graph: Graph): Uint8Array {
  if (tensorBytes(graph) >= maxMessageBytes) {
    throw new ScanError(
      'model-too-large',
      `${graph.name || 'graph'}: a program of 2 GiB or more cannot be handed to an engine`,
    );
  }
  const header = codec.ModelProto.encode({
    irVersion: Math.min(Math.max(graph.irVersion, minIrVersion), maxIrVersion),
    producerName: graph.producer,
    opsetImport: [...graph.opsets].map(([domain, version]) => ({ domain, version })),
    metadataProps: [...graph.metadata].map(([key, value]) => ({ key, value })),
  }).finish();
  const body = codec.GraphProto.encode(encodeGraph({ ...graph, initializers: new Map() }, false)).finish();
  const initializers = [...graph.initializers].flatMap(([name, tensor]) => {
    const { rawData, ...small } = encodeTensor(tensor);
    const head = codec.TensorProto.encode({ name, ...small }).finish();
    return record(field.initializer, rawData ? [head, ...record(field.rawData, [rawData])] : [head]);
  });
  return joined([header, ...record(field.graph, [body, ...initializers])]);
}

/** ModelProto.graph, GraphProto.initializer, TensorProto.raw_data. */
const field = { graph: 7, initializer: 5, rawData: 9 } as const;

/** A length-delimited record, in pieces. */
function record(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const head = [number * 8 + 2];
  let length = parts.reduce((sum, part) => sum + part.length, 0);
  for (; length > 0x7f; length = Math.floor(length / 128)) head.push((length % 128) | 0x80);
  return [Uint8Array.from([...head, length]), ...parts];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const { buffer } = Buffer.allocUnsafeSlow(length);
  const bytes = new Uint8Array(buffer);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** From 4 on initializers need not be inputs; 8 came with opset 15. Engines refuse versions newer than themselves. */
const minIrVersion = 8;
const maxIrVersion = 10;
const maxMessageBytes = 2 ** 31 - 1;

function encodeGraph(graph: Graph, isSubgraph: boolean): onnx.GraphProto.$Properties {
  return {
    // Engines insist on a name.
    name: graph.name || 'graph',
    input: graph.inputs.map((info) => (isSubgraph && !info.dims ? { name: info.name } : encodeValueInfo(info))),
    output: graph.outputs.map((info) => (isSubgraph ? { name: info.name } : encodeValueInfo(info))),
    initializer: [...graph.initializers].map(([name, tensor]) => ({ name, ...encodeTensor(tensor) })),
    node: graph.nodes.map(encodeNode),
  };
}

function encodeNode(node: Node): onnx.NodeProto.$Properties {
  return {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: [...node.attributes].map(([name, attribute]) => ({ name, ...encodeAttribute(attribute) })),
  };
}

function encodeAttribute(attribute: Attribute): onnx.AttributeProto.$Properties {
  switch (attribute.type) {
    case 'float':
      return { type: attributeType.float, f: attribute.value };
    case 'int':
      return { type: attributeType.int, i: wireInt64(attribute.value) };
    case 'string':
      return { type: attributeType.string, s: utf8(attribute.value) };
    case 'tensor':
      return { type: attributeType.tensor, t: encodeTensor(attribute.value) };
    case 'graph':
      return { type: attributeType.graph, g: encodeGraph(attribute.value, true) };
    case 'floats':
      return { type: attributeType.floats, floats: [...attribute.value] };
    case 'ints':
      return { type: attributeType.ints, ints: attribute.value.map(wireInt64) };
    case 'strings':
      return { type: attributeType.strings, strings: attribute.value.map(utf8) };
  }
}

function encodeTensor({ dtype, dims, data }: Tensor): onnx.TensorProto.$Properties {
  const head = { dataType: codeOfDType(dtype), dims: [...dims] };
  if (!ArrayBuffer.isView(data)) return { ...head, stringData: data.map(utf8) };
  return { ...head, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function encodeValueInfo({ name, dtype, dims }: ValueInfo): onnx.ValueInfoProto.$Properties {
  const elemType = codeOfDType(dtype);
  if (!dims) return { name, type: { tensorType: { elemType } } };
  const dim = dims.map((size) =>
    size === null ? {} : typeof size === 'string' ? { dimParam: size } : { dimValue: size },
  );
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** protobufjs takes numbers up to 2^53; the rest goes by its two words. */
function wireInt64(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  const bits = toInt64(value);
  const words = { low: Number(BigInt.asIntN(32, bits)), high: Number(BigInt.asIntN(32, bits >> 32n)), unsigned: false };
  return words as unknown as number;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function tensorBytes(graph: Graph): number {
  let bytes = 0;
  const add = ({ data }: Tensor): void => {
    bytes += ArrayBuffer.isView(data) ? data.byteLength : 0;
  };
  for (const tensor of graph.initializers.values()) add(tensor);
  for (const node of graph.nodes) {
    for (const attribute of node.attributes.values()) {
      if (attribute.type === 'tensor') add(attribute.value);
      else if (attribute.type === 'graph') bytes += tensorBytes(attribute.value);
    }
  }
  return bytes;
}
