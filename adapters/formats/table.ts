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

/** What a file whose content says nothing is meant to be: the importer tells best what is wrong with a damaged one. */
export function meantFormat(name: string): ModelFormat | undefined {
  const file = name.toLowerCase();
  return meantBy.find(({ ending }) => file.endsWith(ending))?.format;
}

const meantBy: readonly { readonly ending: string; readonly format: ModelFormat }[] = [
  { ending: '.onnx', format: onnxFormat },
  { ending: 'saved_model.pb', format: savedModel },
  { ending: '.keras', format: kerasFormat },
  { ending: '.h5', format: kerasFormat },
  { ending: '.hdf5', format: kerasFormat },
];
