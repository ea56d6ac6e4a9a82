import type { ModelFormat } from '../../core/ports/model-format.js';
import { kerasFormat } from './keras/index.js';
import { onnxFormat } from './onnx/index.js';
import { safetensorsFormat } from './safetensors/index.js';
import { frozenGraph, savedModel } from './tensorflow/index.js';
import { tfjsGraph, tfjsLayers } from './tfjs/index.js';

/** All formats that are read. Importing this loads no heavy library: formats load theirs where they read. */
export const formats: readonly ModelFormat[] = [
  onnxFormat,
  savedModel,
  frozenGraph,
  kerasFormat,
  tfjsGraph,
  tfjsLayers,
  safetensorsFormat,
];

/**
 * What a file of no format is meant to be: the importer tells best what is wrong with a damaged one.
 * @param head the first bytes of the file: much that is no model is called `model.json`.
 */
export function meantFormat(name: string, head: Uint8Array): ModelFormat | undefined {
  const file = name.toLowerCase();
  return meantBy.find(({ ending }) => file.endsWith(ending))?.format ?? (seemsTfjs(file, head) ? tfjsGraph : undefined);
}

const meantBy: readonly { readonly ending: string; readonly format: ModelFormat }[] = [
  { ending: '.onnx', format: onnxFormat },
  { ending: 'saved_model.pb', format: savedModel },
  { ending: '.keras', format: kerasFormat },
  { ending: '.h5', format: kerasFormat },
  { ending: '.hdf5', format: kerasFormat },
];

/** Both importers of TF.js say the same of a damaged file. */
function seemsTfjs(file: string, head: Uint8Array): boolean {
  if (head.length === 0) return /(^|\/)model\.json$/.test(file);
  const text = new TextDecoder().decode(head);
  return (
    /^\s*\{/.test(text) &&
    ['modelTopology', 'weightsManifest', 'layers-model', 'graph-model'].some((key) => text.includes(key))
  );
}
