import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The parts of `@tensorflow/tfjs` that are used; the package is optional, so its types are too. */
export interface Tfjs {
  readonly io: {
    decodeWeights(data: ArrayBuffer, specs: readonly unknown[]): Readonly<Record<string, TfTensor>>;
  };
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  grad(f: (x: TfTensor) => TfTensor): (x: TfTensor) => TfTensor;
  model(ends: { readonly inputs: unknown; readonly outputs: unknown }): TfModel;
  loadLayersModel(handler: unknown): Promise<TfModel>;
  loadGraphModel(handler: unknown): Promise<TfModel>;
}

export interface TfTensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array | Int32Array>;
  log(): TfTensor;
  sub(other: TfTensor): TfTensor;
  sum(): TfTensor;
  slice(begin: readonly number[], size: readonly number[]): TfTensor;
}

export interface TfModel {
  predict(x: TfTensor): TfTensor;
  /** Of a graph model: the value of a node. */
  execute(x: TfTensor, node: string): TfTensor;
  /** Of a layers model. */
  readonly inputs: unknown;
  getLayer(name: string): { readonly output: unknown };
}

/**
 * TensorFlow.js itself, without an engine of ours. Plain JavaScript (`cpu`) has all kernels and takes minutes for what
 * WebAssembly takes milliseconds for, which has none for the gradients of convolutions.
 */
export async function tfjsOn(backend: 'cpu' | 'wasm'): Promise<Tfjs> {
  const load = createRequire(import.meta.url);
  const tf = load('@tensorflow/tfjs') as Tfjs;
  if (backend === 'wasm') load('@tensorflow/tfjs-backend-wasm');
  assert.ok(await tf.setBackend(backend), backend);
  return tf;
}

/** A folder with a model.json, as TensorFlow.js takes it from memory. */
export function tfjsArtifacts(folder: string): {
  readonly weightSpecs: readonly { readonly name: string }[];
  readonly weightData: ArrayBuffer;
} {
  const model = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as {
    readonly weightsManifest: readonly {
      readonly paths: readonly string[];
      readonly weights: readonly { readonly name: string }[];
    }[];
  };
  const shards = model.weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(folder, path))));
  return {
    ...model,
    weightSpecs: model.weightsManifest.flatMap(({ weights }) => weights),
    weightData: new Uint8Array(Buffer.concat(shards)).buffer,
  };
}

/** @param format `tfjs-layers` or `tfjs-graph`. */
export function loadTfjs(tf: Tfjs, folder: string, format: string): Promise<TfModel> {
  const handler = { load: () => Promise.resolve(tfjsArtifacts(folder)) };
  return format === 'tfjs-layers' ? tf.loadLayersModel(handler) : tf.loadGraphModel(handler);
}
