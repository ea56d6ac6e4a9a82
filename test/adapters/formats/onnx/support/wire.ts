import { onnx as codec } from '../../../../../proto/gen/onnx.js';
import type { onnx } from '../../../../../proto/gen/onnx-types.js';

/** Protobuf by hand, for what no writer produces. */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.of(...bytes, Number(rest));
}

export function varints(...values: readonly (number | bigint)[]): Uint8Array {
  return bytes(...values.map(varint));
}

export function tag(field: number, wire: number): Uint8Array {
  return varint(field * 8 + wire);
}

/** A length-delimited record. */
export function record(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = bytes(...parts);
  return bytes(tag(field, 2), varint(body.length), body);
}

export function bytes(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A model file around a graph; opset 17, IR version 8. */
export function modelBytes(graph: onnx.GraphProto.$Properties, more: onnx.ModelProto.$Properties = {}): Uint8Array {
  const model = { irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph, ...more };
  return new Uint8Array(codec.ModelProto.encode(model).finish());
}

export function protoNode(
  opType: string,
  input: string[],
  output: string[],
  attribute: onnx.AttributeProto.$Properties[] = [],
): onnx.NodeProto.$Properties {
  return { opType, input, output, attribute };
}

export function protoValue(
  name: string,
  dims: readonly (number | string)[] = [1],
  elemType = 1,
): onnx.ValueInfoProto.$Properties {
  const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
