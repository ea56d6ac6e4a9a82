import { ScanError } from '../../../core/scan/errors.js';
import { tfDTypeCode } from '../tensorflow/dtypes.js';
import type { TfAttr, TfFunction, TfGraph, TfNode, TfShape } from '../tensorflow/graph.js';
import { defaultGraphLimits } from '../tensorflow/schema.js';
import { arrayOf, field, isObject, objectOf, textOf, type Json, type JsonObject } from './json.js';

/**
 * A GraphDef in protobuf's JSON form: text attributes are base64, 64-bit numbers are text. Values of constants are not in it:
 * they are weights of the same name.
 * @throws ScanError `model-malformed`, `model-too-large`.
 */
export function jsonGraph(topology: JsonObject, file: string): TfGraph {
  const budget = { nodes: 0 };
  const functions = new Map<string, TfFunction>();
  for (const entry of arrayOf(field(objectOf(field(topology, 'library')), 'function'))) {
    const definition = objectOf(entry);
    const signature = objectOf(field(definition, 'signature'));
    const names = (key: string): string[] =>
      arrayOf(field(signature, key)).map((arg) => textOf(field(objectOf(arg), 'name')));
    const name = textOf(field(signature, 'name'));
    functions.set(name, {
      name,
      inputs: names('inputArg'),
      outputs: names('outputArg'),
      nodes: nodesOf(field(definition, 'nodeDef'), budget, file),
      ret: new Map(Object.entries(objectOf(field(definition, 'ret'))).map(([key, value]) => [key, textOf(value)])),
    });
  }
  return { nodes: nodesOf(field(topology, 'node'), budget, file), functions };
}

/** `{ "dim": [{ "size": "-1" }] }`; undefined where the rank is unknown. */
export function jsonShape(value: Json | undefined): TfShape {
  if (!isObject(value) || field(value, 'unknownRank') === true) return undefined;
  return arrayOf(field(value, 'dim')).map((dim) => {
    const size = Number(field(objectOf(dim), 'size') ?? 0);
    return Number.isSafeInteger(size) && size >= 0 ? size : null;
  });
}

/** A data type by name or number. */
export function jsonType(value: Json | undefined): number {
  return typeof value === 'number' ? value : tfDTypeCode(textOf(value));
}

function nodesOf(list: Json | undefined, budget: { nodes: number }, file: string): TfNode[] {
  return arrayOf(list).map((entry) => {
    if (++budget.nodes > defaultGraphLimits.maxNodes) {
      throw new ScanError(
        'model-too-large',
        `${file}: more than ${defaultGraphLimits.maxNodes} nodes and functions (limit maxNodes)`,
      );
    }
    const node = objectOf(entry);
    const attrs = new Map<string, TfAttr>();
    for (const [key, value] of Object.entries(objectOf(field(node, 'attr')))) {
      const attr = isObject(value) ? attrOf(value, file) : undefined;
      if (attr) attrs.set(key, attr);
    }
    return {
      name: textOf(field(node, 'name')),
      op: textOf(field(node, 'op')),
      inputs: arrayOf(field(node, 'input')).map(textOf),
      attrs,
    };
  });
}

/** Tensors are left out: the manifest has them. */
function attrOf(value: JsonObject, file: string): TfAttr | undefined {
  const [key] = Object.keys(value);
  const given = key === undefined ? undefined : field(value, key);
  switch (key) {
    case 's':
      return { kind: 'string', value: base64(given) };
    case 'i':
      return { kind: 'int', value: numberOf(given, file) };
    case 'f':
      return { kind: 'float', value: numberOf(given, file) };
    case 'b':
      return { kind: 'bool', value: given === true };
    case 'type':
      return { kind: 'type', value: jsonType(given) };
    case 'shape':
      return { kind: 'shape', value: jsonShape(given) };
    case 'func':
      return { kind: 'func', value: textOf(field(objectOf(given), 'name')) };
    case 'list':
      return listOf(objectOf(given), file);
    default:
      return undefined;
  }
}

function listOf(list: JsonObject, file: string): TfAttr {
  const texts = arrayOf(field(list, 's'));
  if (texts.length > 0) return { kind: 'strings', value: texts.map(base64) };
  const types = arrayOf(field(list, 'type'));
  if (types.length > 0) return { kind: 'ints', value: types.map(jsonType) };
  return { kind: 'ints', value: arrayOf(field(list, 'i')).map((value) => numberOf(value, file)) };
}

function numberOf(value: Json | undefined, file: string): number {
  const number = typeof value === 'number' ? value : typeof value === 'string' ? special(value) : Number.NaN;
  if (!Number.isNaN(number) || value === 'NaN') return number;
  throw new ScanError('model-malformed', `${file}: an attribute is no number. Convert the model again`);
}

function special(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

function base64(value: Json | undefined): string {
  return Buffer.from(textOf(value), 'base64').toString('utf8');
}
