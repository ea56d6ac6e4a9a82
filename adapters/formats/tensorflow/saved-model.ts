import type { Graph } from '../../../core/onnx/graph.js';
import type { ModelFiles, ModelFormat, ModelReadLimits } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { tensorflow } from '../../../proto/gen/tensorflow-types.js';
import { protobufKind } from '../protobuf/kind.js';
import { bundleFiles, openBundle } from './bundle.js';
import { decodeGraphDef, readMessage } from './decode.js';
import { importGraph } from './import.js';
import { defaultGraphLimits } from './schema.js';
import { chooseSignature, decodeSignatures, inputInfo } from './signature.js';
import { variableReader } from './variables.js';

/**
 * A SavedModel: `saved_model.pb` and the checkpoint `variables/variables`. Assets, `keras_metadata.pb` and the fingerprint are
 * never read.
 */
export const savedModel: ModelFormat = {
  name: 'saved-model',
  detect: (files, main) => protobufKind(files, main) === 'saved-model',
  parts: (files, main) => [main, ...bundleFiles(files, variablesOf(main), defaultGraphLimits)],
  read,
};

function read(files: ModelFiles, main: string, limits: ModelReadLimits): Graph {
  const file = files.title(main);
  const meta = servedGraph(readMessage('SavedModel', files, main, limits), file);
  const graph = decodeGraphDef(meta.graphDef ?? {}, file, defaultGraphLimits);
  const signature = chooseSignature(decodeSignatures(meta.signatureDef ?? []), file);
  const prefix = variablesOf(main);
  const version = meta.metaInfoDef?.tensorflowVersion;
  return importGraph({
    graph,
    file,
    limits: defaultGraphLimits,
    producer: version ? `TensorFlow ${version}` : 'TensorFlow',
    advice: exportAdvice,
    inputs: new Map(signature.inputs.map((endpoint) => [endpoint.ref.split(':')[0]!, inputInfo(endpoint, file)])),
    outputs: signature.outputs,
    ...(files.has(`${prefix}.index`) && {
      variable: variableReader(graph, openBundle(files, prefix, defaultGraphLimits)),
    }),
  });
}

export const exportAdvice =
  'Export the model to ONNX and scan that: python -m tf2onnx.convert --saved-model DIR --output model.onnx';

/** The graph for serving; the only graph, where it has other tags. */
function servedGraph(
  { metaGraphs }: tensorflow.SavedModel.$Properties,
  file: string,
): tensorflow.MetaGraphDef.$Properties {
  const graphs = metaGraphs ?? [];
  const tags = (graph: tensorflow.MetaGraphDef.$Properties): readonly string[] => graph.metaInfoDef?.tags ?? [];
  const serving = graphs.filter((graph) => tags(graph).includes('serve'));
  // Beside the plain one there may be graphs for one kind of hardware.
  const plain = serving.find((graph) => tags(graph).length === 1);
  const chosen =
    plain ?? (serving.length === 1 ? serving[0] : undefined) ?? (graphs.length === 1 ? graphs[0] : undefined);
  if (chosen) return chosen;
  const listed = graphs.map((graph) => `[${tags(graph).join(', ')}]`).join(', ');
  throw new ScanError(
    graphs.length === 0 ? 'model-malformed' : 'model-ambiguous',
    graphs.length === 0
      ? `${file}: holds no graph: it is empty or no SavedModel`
      : `${file}: no graph is tagged 'serve' alone (their tags: ${listed}). Save the model with the tag 'serve'`,
  );
}

function variablesOf(main: string): string {
  return `${main.slice(0, main.length - baseName(main).length)}variables/variables`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
