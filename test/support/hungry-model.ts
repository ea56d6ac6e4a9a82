import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeModel, encodeModel } from '../../adapters/formats/onnx/index.js';
import type { Graph, Tensor } from '../../core/onnx/graph.js';
import { graphWith, nodeOf, valueOf } from './graphs.js';
import { repoRoot } from './paths.js';

/**
 * A sound classifier of the example images whose engine runs take about 24 bytes for each channel and pixel of an image:
 * a small file that needs as much memory as one likes.
 */
export function hungryModel(channels: number): Uint8Array {
  const example = decodeModel(readFileSync(join(repoRoot, 'examples', 'models', 'digits-clean.onnx')));
  const [input] = example.inputs as [Graph['inputs'][number]];
  const [, colours] = input.dims as [unknown, number];
  const classes = 10;
  const graph = graphWith({
    name: 'hungry',
    inputs: [input],
    outputs: [valueOf('logits', ['N', classes])],
    nodes: [
      nodeOf('Conv', [input.name, 'kernel'], ['wide']),
      nodeOf('Relu', ['wide'], ['positive']),
      nodeOf('GlobalAveragePool', ['positive'], ['pooled']),
      nodeOf('Flatten', ['pooled'], ['flat']),
      nodeOf('Gemm', ['flat', 'weights'], ['logits']),
    ],
    initializers: new Map([
      ['kernel', ramp([channels, colours, 1, 1])],
      ['weights', ramp([channels, classes])],
    ]),
  });
  return encodeModel(graph);
}

/** Values between -1 and 1 that do not repeat soon. */
function ramp(dims: readonly number[]): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { dtype: 'float32', dims, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1)) };
}
