import type { Graph, Tensor } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import { exportAdvice, refusalsOf, type Refusals } from './errors.js';
import { kerasGraph } from './graph.js';
import { withHdf5, type Hdf5File } from './hdf5.js';
import { parseJson } from './json.js';
import { namedWeights, type KerasWeights, type Variable } from './weights.js';

/**
 * A whole model in one HDF5 file, as Keras 2 and 3 write `.h5`: the config is an attribute, weights lie in a group per layer.
 * @throws ScanError `model-*`.
 */
export function readH5(bytes: Uint8Array, title: string, maxBytes: number): Promise<Graph> {
  const refuse = refusalsOf(title);
  return withHdf5(bytes, maxBytes, refuse, (file) => {
    const config = file.text('/', 'model_config');
    if (config === undefined) throw withoutConfig(file, title);
    const version = file.text('/', 'keras_version') ?? file.text('/model_weights', 'keras_version');
    const json = parseJson(config, 'model_config', refuse);
    return kerasGraph(json, groupedWeights(file, refuse), { title, kerasVersion: version });
  });
}

function withoutConfig(file: Hdf5File, title: string): ScanError {
  const names = file.names('/') ?? [];
  const weights =
    names.includes('layers') ||
    names.includes('_layer_checkpoint_dependencies') ||
    file.texts('/', 'layer_names') !== undefined;
  return new ScanError(
    'model-unsupported-format',
    weights
      ? `${title}: holds the weights of a Keras model but not the model. Save the whole model: model.save('model.keras')`
      : `${title}: an HDF5 file that holds no Keras model (it has no attribute model_config). ${exportAdvice}`,
  );
}

interface LayerGroup {
  /** In Keras' order. */
  readonly names: readonly string[];
  /** Names by their last part, the variable's. */
  readonly ends: ReadonlyMap<string, readonly string[]>;
  /** For models used as layers. */
  readonly nested: KerasWeights;
}

/** `model_weights/<layer>`, whose attribute `weight_names` names data sets below it. */
function groupedWeights(file: Hdf5File, refuse: Refusals): KerasWeights {
  const groups = new Map<string, LayerGroup>();
  const groupOf = (layer: string): LayerGroup => {
    const known = groups.get(layer);
    if (known) return known;
    const base = `/model_weights/${layer}`;
    const names = file.texts(base, 'weight_names') ?? [];
    const reader = (name: string) => (): Tensor =>
      file.tensor(`${base}/${name}`) ?? refuse.malformed(`the weight ${name} of layer '${layer}' is not in the file`);
    const ends = new Map<string, string[]>();
    for (const name of names) {
      const end = name.slice(name.lastIndexOf('/') + 1).replace(/:\d+$/, '');
      ends.set(end, [...(ends.get(end) ?? []), name]);
    }
    // The name of the group stands in front, for models whose weights do not repeat it.
    const nested = namedWeights(new Map(names.map((name) => [`${layer}/${name}`, reader(name)])));
    const group = { names, ends, nested };
    groups.set(layer, group);
    return group;
  };
  return {
    read: (variable: Variable) => {
      const [layer] = variable.layers;
      if (layer === undefined) return undefined;
      const { names, ends, nested } = groupOf(layer);
      if (variable.layers.length > 1) return nested.read(variable);
      // A layer may have been renamed since its weights were made, and some weights have no name; Keras goes by their order.
      const [only, ...others] = ends.get(variable.name) ?? [];
      const name = only !== undefined && others.length === 0 ? only : names[variable.index];
      return name === undefined ? undefined : file.tensor(`/model_weights/${layer}/${name}`);
    },
  };
}
