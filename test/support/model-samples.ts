import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelBytes, protoNode, protoValue } from '../adapters/formats/onnx/support/wire.js';
import { repoRoot } from './paths.js';

/** A small model of one format, with all its files. */
export interface ModelSample {
  /** `ModelFormat.name`. */
  readonly format: string;
  readonly title: string;
  /** The name of its main file in {@link contents}. */
  readonly main: string;
  readonly contents: () => ReadonlyMap<string, Uint8Array>;
}

/** Every format has one at least; the contract suite of model formats runs over all of them. */
export const modelSamples: readonly ModelSample[] = [
  { format: 'onnx', title: 'an ONNX file', main: 'model.onnx', contents: () => new Map([['model.onnx', onnxFile()]]) },
  {
    format: 'onnx',
    title: 'an ONNX file with external data',
    main: 'm.onnx',
    contents: () =>
      new Map([
        ['m.onnx', onnxFile('data/w.bin')],
        ['data/w.bin', weights],
      ]),
  },
  {
    format: 'saved-model',
    title: 'a SavedModel',
    main: 'saved_model.pb',
    contents: () => fixtureFiles(join(backdoored, 'saved-model')),
  },
  {
    format: 'frozen-graph',
    title: 'a frozen graph',
    main: 'frozen-graph.pb',
    contents: () => new Map([['frozen-graph.pb', new Uint8Array(readFileSync(join(fixtures, 'frozen-graph.pb')))]]),
  },
  ...['digits.keras', 'digits.h5'].map((main) => ({
    format: 'keras',
    title: `a Keras file, ${main}`,
    main,
    contents: () => new Map([[main, new Uint8Array(readFileSync(join(backdoored, main)))]]),
  })),
  {
    format: 'tfjs-graph',
    title: 'a TF.js graph model in four shards',
    main: 'model.json',
    contents: () => fixtureFiles(join(tensorflow, 'tfjs-graph')),
  },
  {
    format: 'tfjs-layers',
    title: 'a TF.js layers model',
    main: 'model.json',
    contents: () => fixtureFiles(join(tensorflow, 'tfjs-layers')),
  },
  {
    format: 'safetensors',
    title: 'a safetensors file with its config',
    main: 'model.safetensors',
    contents: () => filesOf('resnet-basic', /^(config\.json|model\.safetensors)$/),
  },
  {
    format: 'safetensors',
    title: 'an index of safetensors files with its config',
    main: 'model.safetensors.index.json',
    contents: () => filesOf('vit-shards', /\.(json|safetensors)$/),
  },
];

function filesOf(model: string, names: RegExp): ReadonlyMap<string, Uint8Array> {
  return new Map([...fixtureFiles(join(fixtures, '../safetensors', model))].filter(([name]) => names.test(name)));
}

const tensorflow = join(repoRoot, 'test/fixtures/tensorflow/models');
const fixtures = join(repoRoot, 'test/fixtures/formats');
const backdoored = join(repoRoot, 'test/fixtures/backdoored-formats');

/** The files under a folder of fixtures. */
export function fixtureFiles(folder: string): ReadonlyMap<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return new Map(names.sort().map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}

const weights = new Uint8Array(Float32Array.from({ length: 4 * 9 }, (_, i) => Math.sin(i)).buffer);

/** logits = flatten(image) * w */
function onnxFile(location?: string): Uint8Array {
  const w = { name: 'w', dataType: 1, dims: [9, 4] };
  return modelBytes({
    name: 'sample',
    input: [protoValue('image', ['N', 1, 3, 3])],
    output: [protoValue('logits', ['N', 4])],
    node: [protoNode('Flatten', ['image'], ['flat']), protoNode('MatMul', ['flat', 'w'], ['logits'])],
    initializer: [
      location === undefined
        ? { ...w, rawData: weights }
        : { ...w, dataLocation: 1, externalData: [{ key: 'location', value: location }] },
    ],
  });
}
