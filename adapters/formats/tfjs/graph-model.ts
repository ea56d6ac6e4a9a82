import type { Graph, ValueInfo } from '../../../core/onnx/graph.js';
import type { ModelFiles, ModelFormat } from '../../../core/ports/model-format.js';
import { placeholders, sinks } from '../tensorflow/frozen-graph.js';
import type { TfGraph } from '../tensorflow/graph.js';
import { importGraph } from '../tensorflow/import.js';
import { defaultGraphLimits } from '../tensorflow/schema.js';
import { inputInfo } from '../tensorflow/signature.js';
import { jsonGraph, jsonShape, jsonType } from './graph-def.js';
import { field, isObject, objectOf, readTfjs, recogniseTfjs, textOf, type JsonObject } from './json.js';
import { readWeights, shardNames } from './weights.js';

/** A TF.js GraphModel: `model.json` with a TensorFlow graph, and its weights. */
export const tfjsGraph: ModelFormat = {
  name: 'tfjs-graph',
  detect: (files, main) => recogniseTfjs(files, main) === 'graph',
  parts: (files, main) => [main, ...shardNames(files, main, readTfjs(files, main).json)],
  read,
};

function read(files: ModelFiles, main: string): Graph {
  const file = files.title(main);
  const { json, topology } = readTfjs(files, main);
  const graph = jsonGraph(topology, file);
  const weights = readWeights(files, main, json);
  const signature = signatureOf(json);
  const version = textOf(field(json, 'generatedBy'));
  return importGraph({
    graph,
    file,
    limits: defaultGraphLimits,
    producer: version ? `TF.js converter, TensorFlow ${version}` : 'TF.js converter',
    advice:
      'Export the TensorFlow model that it was converted from to ONNX and scan that: python -m tf2onnx.convert --saved-model DIR --output model.onnx',
    inputs: inputsOf(signature, graph, file),
    outputs: outputsOf(signature, graph, file),
    constant: ({ name }) => weights.get(name)?.(),
  });
}

/** Newer converters write it beside the topology, older ones into the user's metadata, the oldest not at all. */
function signatureOf(json: JsonObject): JsonObject {
  const own = field(json, 'signature');
  return isObject(own) ? own : objectOf(field(objectOf(field(json, 'userDefinedMetadata')), 'signature'));
}

function inputsOf(signature: JsonObject, graph: TfGraph, file: string): Map<string, ValueInfo> {
  const declared = Object.entries(objectOf(field(signature, 'inputs')));
  if (declared.length === 0) return placeholders(graph, file);
  return new Map(
    declared.map(([key, value]) => {
      const info = objectOf(value);
      const node = nodeOf(textOf(field(info, 'name')) || key);
      const [dtype, shape] = [jsonType(field(info, 'dtype')), jsonShape(field(info, 'tensorShape'))];
      const placeholder = graph.nodes.find(({ name }) => name === node)?.attrs;
      const [own, type] = [placeholder?.get('shape'), placeholder?.get('dtype')];
      return [
        node,
        inputInfo(
          {
            name: node,
            ref: node,
            dtype: dtype || (type?.kind === 'type' ? type.value : 0),
            shape: shape ?? (own?.kind === 'shape' ? own.value : undefined),
          },
          file,
        ),
      ];
    }),
  );
}

function outputsOf(signature: JsonObject, graph: TfGraph, file: string): { ref: string; name: string }[] {
  const declared = Object.entries(objectOf(field(signature, 'outputs')));
  const refs = declared.map(([key, value]) => textOf(field(objectOf(value), 'name')) || key);
  const all = refs.length > 0 ? refs : sinks(graph, file);
  return [...new Set(all)].map((ref) => ({ ref, name: nodeOf(ref) }));
}

function nodeOf(ref: string): string {
  return ref.replace(/:0$/, '');
}
