import type { FieldKind, WireField } from '../protobuf/scan.js';

/** The fields of proto/onnx/onnx.proto as the wire-format scanner sees them; a test compares this table with the schema. */
export type Field = WireField<MessageName, Counter>;

export type Counter = 'maxNodes' | 'maxAttributes' | 'maxInitializers' | 'maxValues' | 'maxListItems';

export type MessageName =
  | 'ModelProto'
  | 'OperatorSetIdProto'
  | 'StringStringEntryProto'
  | 'GraphProto'
  | 'NodeProto'
  | 'AttributeProto'
  | 'TensorProto'
  | 'SparseTensorProto'
  | 'ValueInfoProto'
  | 'TypeProto'
  | 'TypeProto.Tensor'
  | 'TensorShapeProto'
  | 'TensorShapeProto.Dimension'
  | 'FunctionProto';

export const messages: Readonly<Record<MessageName, Readonly<Record<number, Field>>>> = {
  ModelProto: {
    1: one('ir_version', 'varint'),
    2: one('producer_name', 'text'),
    3: one('producer_version', 'text'),
    7: message('graph', 'GraphProto'),
    8: many('opset_import', 'OperatorSetIdProto', 'maxListItems'),
    14: many('metadata_props', 'StringStringEntryProto', 'maxListItems'),
    25: many('functions', 'FunctionProto', 'maxNodes'),
  },
  OperatorSetIdProto: { 1: one('domain', 'name'), 2: one('version', 'varint') },
  StringStringEntryProto: { 1: one('key', 'text'), 2: one('value', 'text') },
  GraphProto: {
    1: many('node', 'NodeProto', 'maxNodes'),
    2: one('name', 'name'),
    5: many('initializer', 'TensorProto', 'maxInitializers'),
    11: many('input', 'ValueInfoProto', 'maxValues'),
    12: many('output', 'ValueInfoProto', 'maxValues'),
    15: many('sparse_initializer', 'SparseTensorProto', 'maxInitializers'),
  },
  NodeProto: {
    1: list('input', 'name', 'maxValues'),
    2: list('output', 'name', 'maxValues'),
    3: one('name', 'name'),
    4: one('op_type', 'name'),
    5: many('attribute', 'AttributeProto', 'maxAttributes'),
    7: one('domain', 'name'),
    8: one('overload', 'name'),
  },
  AttributeProto: {
    1: one('name', 'name'),
    2: one('f', 'fixed32'),
    3: one('i', 'varint'),
    4: one('s', 'text'),
    5: message('t', 'TensorProto'),
    6: message('g', 'GraphProto'),
    7: list('floats', 'packed-fixed32', 'maxListItems'),
    8: list('ints', 'packed-varints', 'maxListItems'),
    9: list('strings', 'text', 'maxListItems'),
    20: one('type', 'varint'),
    21: one('ref_attr_name', 'name'),
    22: message('sparse_tensor', 'SparseTensorProto'),
  },
  TensorProto: {
    1: list('dims', 'packed-varints', 'maxListItems'),
    2: one('data_type', 'varint'),
    3: one('segment', 'bytes'),
    4: list('float_data', 'number-list', 'maxListItems'),
    5: list('int32_data', 'number-list', 'maxListItems'),
    6: list('string_data', 'text', 'maxListItems'),
    7: list('int64_data', 'number-list', 'maxListItems'),
    8: one('name', 'name'),
    9: one('raw_data', 'bytes'),
    10: list('double_data', 'number-list', 'maxListItems'),
    11: list('uint64_data', 'number-list', 'maxListItems'),
    13: many('external_data', 'StringStringEntryProto', 'maxListItems'),
    14: one('data_location', 'varint'),
  },
  SparseTensorProto: {
    1: message('values', 'TensorProto'),
    2: message('indices', 'TensorProto'),
    3: list('dims', 'packed-varints', 'maxListItems'),
  },
  ValueInfoProto: { 1: one('name', 'name'), 2: message('type', 'TypeProto') },
  TypeProto: {
    1: message('tensor_type', 'TypeProto.Tensor'),
    4: one('sequence_type', 'bytes'),
    5: one('map_type', 'bytes'),
    7: one('opaque_type', 'bytes'),
    8: one('sparse_tensor_type', 'bytes'),
    9: one('optional_type', 'bytes'),
  },
  'TypeProto.Tensor': { 1: one('elem_type', 'varint'), 2: message('shape', 'TensorShapeProto') },
  TensorShapeProto: { 1: many('dim', 'TensorShapeProto.Dimension', 'maxListItems') },
  'TensorShapeProto.Dimension': { 1: one('dim_value', 'varint'), 2: one('dim_param', 'name') },
  FunctionProto: {
    1: one('name', 'name'),
    4: list('input', 'name', 'maxValues'),
    5: list('output', 'name', 'maxValues'),
    6: list('attribute', 'name', 'maxAttributes'),
    7: many('node', 'NodeProto', 'maxNodes'),
    9: many('opset_import', 'OperatorSetIdProto', 'maxListItems'),
    10: one('domain', 'name'),
    11: many('attribute_proto', 'AttributeProto', 'maxAttributes'),
    13: one('overload', 'name'),
  },
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
