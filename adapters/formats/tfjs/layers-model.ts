import type { Graph } from '../../../core/onnx/graph.js';
import type { ModelFiles, ModelFormat } from '../../../core/ports/model-format.js';
import { kerasGraph } from '../keras/graph.js';
import { namedWeights } from '../keras/weights.js';
import { field, isObject, readTfjs, recogniseTfjs, textOf } from './json.js';
import { readWeights, shardNames } from './weights.js';

/** A TF.js LayersModel: `model.json` with a Keras config, and its weights. */
export const tfjsLayers: ModelFormat = {
  name: 'tfjs-layers',
  detect: (files, main) => recogniseTfjs(files, main) === 'layers',
  parts: (files, main) => [main, ...shardNames(files, main, readTfjs(files, main).json)],
  read,
};

/** The config lies in `model_config`; TF.js itself saves it as the topology, with the version beside it. */
function read(files: ModelFiles, main: string): Graph {
  const { json, topology } = readTfjs(files, main);
  const config = field(topology, 'model_config');
  const version = textOf(field(topology, 'keras_version'));
  return kerasGraph(isObject(config) ? config : topology, namedWeights(readWeights(files, main, json)), {
    title: files.title(main),
    // TF.js writes its own version there: "tfjs-layers 4.22.0".
    ...(/^\d/.test(version) && { kerasVersion: version }),
  });
}
