import type { ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A `model.json` as far as every TF.js model has it. */
export interface TfjsModel {
  readonly kind: 'graph' | 'layers';
  readonly json: JsonObject;
  readonly topology: JsonObject;
}

/**
 * A TF.js model by its content: a JSON object with a `modelTopology` that is a graph (`node`) or a Keras config. Older
 * converters wrote no `format`.
 */
export function recogniseTfjs(files: ModelFiles, main: string): TfjsModel['kind'] | undefined {
  const head = files.head(main);
  const start = head.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf);
  if (start !== 0x7b || files.size(main) > maxJsonBytes) return undefined;
  try {
    return classified(parsed(files.read(main)))?.kind;
  } catch {
    return undefined;
  }
}

/** @throws ScanError `model-malformed`, `model-too-large`. */
export function readTfjs(files: ModelFiles, main: string): TfjsModel {
  const file = files.title(main);
  if (files.size(main) > maxJsonBytes) {
    throw new ScanError('model-too-large', `${file}: ${files.size(main)} bytes of JSON (limit ${maxJsonBytes})`);
  }
  let json: Json;
  try {
    json = parsed(files.read(main));
  } catch (thrown) {
    throw new ScanError(
      'model-malformed',
      `${file}: not valid JSON: ${thrown instanceof Error ? thrown.message : ''}`,
      {
        cause: thrown,
      },
    );
  }
  const model = classified(json);
  if (model) return model;
  throw new ScanError('model-malformed', `${file}: holds no modelTopology of TF.js. Convert the model again`);
}

/** An own property: what a file calls `__proto__` or `constructor` is one like any other. */
export function field(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function arrayOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function parsed(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(bytes)) as Json;
}

function classified(json: Json): TfjsModel | undefined {
  if (!isObject(json)) return undefined;
  const topology = field(json, 'modelTopology');
  if (!isObject(topology)) return undefined;
  if (Array.isArray(field(topology, 'node'))) return { kind: 'graph', json, topology };
  const config = isObject(field(topology, 'model_config')) || typeof field(topology, 'class_name') === 'string';
  return config ? { kind: 'layers', json, topology } : undefined;
}

/** Of a graph without its weights; the largest published ones have a few. */
const maxJsonBytes = 2 ** 27;
