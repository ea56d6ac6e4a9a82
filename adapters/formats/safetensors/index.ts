import type { ModelFormat } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { architectureOf } from './architectures/index.js';
import { configOf, exportCommand } from './config.js';
import { configFile, looksLikeIndex, maxConfigBytes, readJson, readTensors, weightFiles } from './files.js';
import { looksLikeSafetensors } from './header.js';
import { createNet } from './net.js';
import { preprocessingOf } from './preprocessing.js';
import { weightsOf } from './weights.js';

/**
 * A safetensors file, or the index of several, with the config.json of Hugging Face Transformers or timm beside it. The file
 * holds no graph: it is built here from the config for the architectures of `architectures/`, and all tensors have to fit.
 * The output is the logits; the input `pixel_values` is a float32 image [N, C, H, W] as the model's processor makes it.
 */
export const safetensorsFormat: ModelFormat = {
  name: 'safetensors',
  detect: (files, main) => {
    const head = files.head(main);
    return (looksLikeSafetensors(head, files.size(main)) && files.has(configFile)) || looksLikeIndex(head);
  },
  parts: (files, main) => [main, ...weightFiles(files, main).filter((name) => name !== main), configFile],
  read: (files, main) => {
    if (!files.has(configFile)) {
      throw new ScanError(
        'model-unsupported-format',
        `${files.title(main)}: holds weights but no graph, and the config.json that says the architecture is not beside it. ` +
          `Put it there, or export the model to ONNX: ${exportCommand}`,
      );
    }
    const config = configOf(readJson(files, configFile, maxConfigBytes), files.title(configFile));
    const build = architectureOf(config);
    const tensors = readTensors(files, main);
    return build(config, (size, prefix) =>
      createNet(weightsOf(tensors, files.title(main), prefix), size, tensors.keys()),
    );
  },
  preprocessing: preprocessingOf,
};
