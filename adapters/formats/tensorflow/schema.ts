import type { FieldKind, WireField, WireSchema } from '../protobuf/scan.js';

/** What a graph may ask for. A file above a limit is refused before anything of that size is allocated. */
export interface GraphLimits {
  /** Nodes of the graph and of all functions, and of the graph once functions are inlined. */
  readonly maxNodes: number;
  readonly maxAttributes: number;
  /** Inputs of all nodes, arguments of functions, entries of signatures. */
  readonly maxValues: number;
  /** Numbers and strings in attributes, shapes and small tensors of the whole file. */
  readonly maxListItems: number;
  /** Elements of one tensor, as declared by its shape. */
  readonly maxElements: number;
  /** Lists in attributes. */
  readonly maxListDepth: number;
  /** Functions that call functions. */
  readonly maxCallDepth: number;
  readonly maxNameBytes: number;
  readonly maxTextBytes: number;
}

export const defaultGraphLimits: GraphLimits = {
  maxNodes: 200_000,
  maxAttributes: 2_000_000,
  maxValues: 1_000_000,
  maxListItems: 8_000_000,
  maxElements: 2 ** 29,
  maxListDepth: 1,
  maxCallDepth: 100,
  maxNameBytes: 4096,
  maxTextBytes: 2 ** 20,
};

export type Counter = 'maxNodes' | 'maxAttributes' | 'maxValues' | 'maxListItems';
export type Depth = 'maxListDepth';
type Field = WireField<MessageName, Counter>;

export type MessageName =
  | 'GraphDef'
  | 'NodeDef'
  | 'AttrEntry'
  | 'AttrValue'
  | 'AttrValue.ListValue'
  | 'NameAttrList'
  | 'TensorShapeProto'
  | 'TensorShapeProto.Dim'
  | 'TensorProto'
  | 'FunctionDefLibrary'
  | 'FunctionDef'
  | 'RetEntry'
  | 'OpDef'
  | 'OpDef.ArgDef'
  | 'SavedModel'
  | 'MetaGraphDef'
  | 'MetaGraphDef.MetaInfoDef'
  | 'SignatureEntry'
  | 'SignatureDef'
  | 'TensorInfoEntry'
  | 'TensorInfo'
  | 'BundleHeaderProto'
  | 'BundleEntryProto';

/** The fields of proto/tensorflow/graph.proto as the wire-format scanner sees them; a test compares this table with the schema. */
export const messages: Readonly<Record<MessageName, Readonly<Record<number, Field>>>> = {
  GraphDef: { 1: many('node', 'NodeDef', 'maxNodes'), 2: message('library', 'FunctionDefLibrary') },
  NodeDef: {
    1: one('name', 'name'),
    2: one('op', 'name'),
    3: list('input', 'name', 'maxValues'),
    5: many('attr', 'AttrEntry', 'maxAttributes'),
  },
  AttrEntry: { 1: one('key', 'name'), 2: message('value', 'AttrValue') },
  AttrValue: {
    1: message('list', 'AttrValue.ListValue'),
    2: one('s', 'text'),
    3: one('i', 'varint'),
    4: one('f', 'fixed32'),
    5: one('b', 'varint'),
    6: one('type', 'varint'),
    7: message('shape', 'TensorShapeProto'),
    8: message('tensor', 'TensorProto'),
    9: one('placeholder', 'name'),
    10: message('func', 'NameAttrList'),
  },
  'AttrValue.ListValue': {
    2: list('s', 'text', 'maxListItems'),
    3: list('i', 'packed-varints', 'maxListItems'),
    4: list('f', 'packed-fixed32', 'maxListItems'),
    5: list('b', 'packed-varints', 'maxListItems'),
    6: list('type', 'packed-varints', 'maxListItems'),
    7: many('shape', 'TensorShapeProto', 'maxListItems'),
  },
  NameAttrList: { 1: one('name', 'name') },
  TensorShapeProto: { 2: many('dim', 'TensorShapeProto.Dim', 'maxListItems'), 3: one('unknown_rank', 'varint') },
  'TensorShapeProto.Dim': { 1: one('size', 'varint') },
  TensorProto: {
    1: one('dtype', 'varint'),
    2: message('tensor_shape', 'TensorShapeProto'),
    4: one('tensor_content', 'bytes'),
    5: list('float_val', 'packed-fixed32', 'maxListItems'),
    6: list('double_val', 'packed-fixed64', 'maxListItems'),
    7: list('int_val', 'packed-varints', 'maxListItems'),
    8: list('string_val', 'text', 'maxListItems'),
    10: list('int64_val', 'packed-varints', 'maxListItems'),
    11: list('bool_val', 'packed-varints', 'maxListItems'),
    13: list('half_val', 'packed-varints', 'maxListItems'),
    16: list('uint32_val', 'packed-varints', 'maxListItems'),
    17: list('uint64_val', 'packed-varints', 'maxListItems'),
  },
  FunctionDefLibrary: { 1: many('function', 'FunctionDef', 'maxNodes') },
  FunctionDef: {
    1: message('signature', 'OpDef'),
    3: many('node_def', 'NodeDef', 'maxNodes'),
    4: many('ret', 'RetEntry', 'maxValues'),
  },
  RetEntry: { 1: one('key', 'name'), 2: one('value', 'name') },
  OpDef: {
    1: one('name', 'name'),
    2: many('input_arg', 'OpDef.ArgDef', 'maxValues'),
    3: many('output_arg', 'OpDef.ArgDef', 'maxValues'),
  },
  'OpDef.ArgDef': {
    1: one('name', 'name'),
    3: one('type', 'varint'),
    4: one('type_attr', 'name'),
    5: one('number_attr', 'name'),
    6: one('type_list_attr', 'name'),
  },
  SavedModel: { 1: one('saved_model_schema_version', 'varint'), 2: many('meta_graphs', 'MetaGraphDef', 'maxValues') },
  MetaGraphDef: {
    1: message('meta_info_def', 'MetaGraphDef.MetaInfoDef'),
    2: message('graph_def', 'GraphDef'),
    5: many('signature_def', 'SignatureEntry', 'maxValues'),
  },
  'MetaGraphDef.MetaInfoDef': { 4: list('tags', 'name', 'maxValues'), 5: one('tensorflow_version', 'name') },
  SignatureEntry: { 1: one('key', 'name'), 2: message('value', 'SignatureDef') },
  SignatureDef: {
    1: many('inputs', 'TensorInfoEntry', 'maxValues'),
    2: many('outputs', 'TensorInfoEntry', 'maxValues'),
  },
  TensorInfoEntry: { 1: one('key', 'name'), 2: message('value', 'TensorInfo') },
  TensorInfo: { 1: one('name', 'name'), 2: one('dtype', 'varint'), 3: message('tensor_shape', 'TensorShapeProto') },
  BundleHeaderProto: { 1: one('num_shards', 'varint'), 2: one('endianness', 'varint') },
  BundleEntryProto: {
    1: one('dtype', 'varint'),
    2: message('shape', 'TensorShapeProto'),
    3: one('shard_id', 'varint'),
    4: one('offset', 'varint'),
    5: one('size', 'varint'),
    6: one('crc32c', 'fixed32'),
    7: list('slices', 'bytes', 'maxListItems'),
  },
};

export const schema: WireSchema<MessageName, Counter, Depth> = {
  format: 'TensorFlow',
  messages,
  counted: {
    maxNodes: 'nodes and functions',
    maxAttributes: 'attributes',
    maxValues: 'inputs and outputs',
    maxListItems: 'list items',
  },
  nested: { type: 'AttrValue.ListValue', name: 'attribute lists', limit: 'maxListDepth' },
};

function one(name: string, kind: FieldKind): Field {
  return { name, kind, repeated: false };
}

function message(name: string, type: MessageName): Field {
  return { name, kind: 'message', repeated: false, type };
}

function many(name: string, type: MessageName, counter: Counter): Field {
  return { name, kind: 'message', repeated: true, type, counter };
}

function list(name: string, kind: FieldKind, counter: Counter): Field {
  return { name, kind, repeated: true, counter };
}
