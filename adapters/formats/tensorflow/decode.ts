import type { ModelFiles, ModelReadLimits } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { tensorflow as codec } from '../../../proto/gen/tensorflow.js';
import type { tensorflow } from '../../../proto/gen/tensorflow-types.js';
import { toNumber } from '../onnx/int64.js';
import { scanRecords } from '../protobuf/scan.js';
import type { TfAttr, TfFunction, TfGraph, TfNode, TfShape } from './graph.js';
import { defaultGraphLimits, schema, type GraphLimits, type MessageName } from './schema.js';
import { decodeTensorProto, tensorSource, type TensorSource } from './tensors.js';

/**
 * The message that a model file is, the bytes walked under limits before they are decoded.
 * @throws ScanError `model-malformed`, `model-too-large`.
 */
export function readMessage<M extends 'GraphDef' | 'SavedModel'>(
  type: M,
  files: ModelFiles,
  main: string,
  { maxModelBytes }: ModelReadLimits,
): Decoded[M] {
  const file = files.title(main);
  const bytes = files.read(main);
  if (bytes.length <= maxModelBytes) return decodeMessage(type, bytes, file, defaultGraphLimits);
  throw new ScanError('model-too-large', `${file}: ${bytes.length} bytes (limit ${maxModelBytes})`);
}

interface Decoded {
  readonly GraphDef: tensorflow.GraphDef.$Properties;
  readonly SavedModel: tensorflow.SavedModel.$Properties;
  readonly BundleHeaderProto: tensorflow.BundleHeaderProto.$Properties;
  readonly BundleEntryProto: tensorflow.BundleEntryProto.$Properties;
}

/**
 * One message of the schema, its bytes walked under limits before they are decoded.
 * @throws ScanError `model-malformed`, `model-too-large`.
 */
export function decodeMessage<M extends keyof Decoded & MessageName>(
  type: M,
  bytes: Uint8Array,
  file: string,
  limits: GraphLimits,
): Decoded[M] {
  scanRecords(bytes, file, type, schema, limits);
  try {
    return codec[type].decode(bytes);
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ScanError('model-malformed', `${file}: not a valid TensorFlow file: ${text}`, { cause: thrown });
  }
}

/** A GraphDef as a value. @throws ScanError `model-malformed`, `model-too-large`, `model-unsupported-op`. */
export function decodeGraphDef(proto: tensorflow.GraphDef.$Properties, file: string, limits: GraphLimits): TfGraph {
  const source = tensorSource(file, limits);
  const functions = new Map<string, TfFunction>();
  for (const definition of proto.library?.function ?? []) {
    const decoded = decodeFunction(definition, source);
    functions.set(decoded.name, decoded);
  }
  return { nodes: (proto.node ?? []).map((node) => decodeNode(node, source)), functions };
}

function decodeFunction(proto: tensorflow.FunctionDef.$Properties, source: TensorSource): TfFunction {
  const names = (args: readonly tensorflow.OpDef.ArgDef.$Properties[] | null | undefined): string[] =>
    (args ?? []).map(({ name }) => name ?? '');
  return {
    name: proto.signature?.name ?? '',
    inputs: names(proto.signature?.inputArg),
    outputs: names(proto.signature?.outputArg),
    nodes: (proto.nodeDef ?? []).map((node) => decodeNode(node, source)),
    ret: new Map((proto.ret ?? []).map(({ key, value }) => [key ?? '', value ?? ''])),
  };
}

function decodeNode(proto: tensorflow.NodeDef.$Properties, source: TensorSource): TfNode {
  const name = proto.name ?? '';
  const attrs = new Map<string, TfAttr>();
  for (const { key, value } of proto.attr ?? []) {
    const attr = value && decodeAttr(value, `node '${name}'`, source);
    if (attr) attrs.set(key ?? '', attr);
  }
  return { name, op: proto.op ?? '', inputs: proto.input ?? [], attrs };
}

/** Undefined for kinds that no importer reads. */
function decodeAttr(proto: tensorflow.AttrValue.$Properties, what: string, source: TensorSource): TfAttr | undefined {
  const { tensor } = proto;
  if (tensor) return { kind: 'tensor', value: () => decodeTensorProto(tensor, what, source) };
  if (proto.list) return decodeList(proto.list);
  if (proto.shape) return { kind: 'shape', value: decodeShape(proto.shape) };
  if (proto.func) return { kind: 'func', value: proto.func.name ?? '' };
  if (has(proto, 's')) return { kind: 'string', value: utf8(proto.s ?? new Uint8Array()) };
  if (has(proto, 'i')) return { kind: 'int', value: toNumber(proto.i) };
  if (has(proto, 'f')) return { kind: 'float', value: proto.f ?? 0 };
  if (has(proto, 'b')) return { kind: 'bool', value: proto.b ?? false };
  if (has(proto, 'type')) return { kind: 'type', value: proto.type ?? 0 };
  return undefined;
}

function decodeList(list: tensorflow.AttrValue.ListValue.$Properties): TfAttr {
  if (list.s?.length) return { kind: 'strings', value: list.s.map(utf8) };
  return { kind: 'ints', value: (list.i?.length ? list.i : (list.type ?? [])).map(toNumber) };
}

export function decodeShape(proto: tensorflow.TensorShapeProto.$Properties): TfShape {
  if (proto.unknownRank) return undefined;
  return (proto.dim ?? []).map(({ size }) => {
    const value = toNumber(size);
    return value < 0 ? null : value;
  });
}

/** A decoded message has a property of its own for every field that was there. */
function has(proto: object, field: string): boolean {
  return Object.hasOwn(proto, field);
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
