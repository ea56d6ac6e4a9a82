import type { Graph } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import { refusalsOf, type Refusals } from './errors.js';
import { kerasGraph } from './graph.js';
import { withHdf5, type Hdf5File } from './hdf5.js';
import { parseJson } from './json.js';
import { settingsOf } from './settings.js';
import type { KerasWeights } from './weights.js';

/** The parts of a `.keras` file: a zip archive with these names in it. */
export interface KerasArchive {
  has(name: string): boolean;
  read(name: string): Uint8Array;
}

/**
 * A model in Keras 3's own format: `config.json`, `metadata.json` and `model.weights.h5`.
 * @throws ScanError `model-*`.
 */
export function readKeras(archive: KerasArchive, title: string, maxBytes: number): Promise<Graph> {
  const refuse = refusalsOf(title);
  const weights = 'model.weights.h5';
  if (!archive.has(weights)) {
    const sharded = archive.has('model.weights.json');
    throw new ScanError(
      sharded ? 'model-unsupported-format' : 'model-malformed',
      `${title}: a Keras archive without ${weights}${sharded ? ': its weights are in shards' : ', so that the model has no weights'}. Save it with Keras in one file: model.save('model.keras')`,
    );
  }
  const config = jsonOf(archive, 'config.json', refuse);
  const version = archive.has('metadata.json')
    ? settingsOf(jsonOf(archive, 'metadata.json', refuse), 'metadata.json', refuse.malformed).text('keras_version', '')
    : '';
  return withHdf5(archive.read(weights), maxBytes, refuse, (file) =>
    kerasGraph(config, storedWeights(file), { title, kerasVersion: version || undefined }),
  );
}

function jsonOf(archive: KerasArchive, name: string, refuse: Refusals): unknown {
  if (!archive.has(name)) return refuse.malformed(`there is no ${name} in the archive`);
  return parseJson(new TextDecoder().decode(archive.read(name)), name, refuse);
}

/** `<store>/vars/<number>`; Keras 2.12 to 2.15 wrote another name for the layers. */
function storedWeights(file: Hdf5File): KerasWeights {
  const old = file.names('/')?.includes('_layer_checkpoint_dependencies') ?? false;
  return {
    read: ({ store, index }) =>
      file.tensor(`/${old ? store.replaceAll('layers/', '_layer_checkpoint_dependencies/') : store}/vars/${index}`),
  };
}
