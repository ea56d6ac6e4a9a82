import type { Graph, Tensor } from '../../core/onnx/graph.js';
import { float32, sizeOf } from '../../core/onnx/tensor.js';
import { newRandom, seedOf } from './random.js';

/** Numbers between 0.1 and 0.9 for every input, free extents 2; the same ones for the same name. */
export function randomFeeds({ inputs }: Graph, name: string): ReadonlyMap<string, Tensor> {
  const random = newRandom(seedOf(name));
  return new Map(
    inputs.map((input) => {
      const dims = input.dims!.map((dim) => (typeof dim === 'number' ? dim : 2));
      const values = Array.from({ length: sizeOf(dims) }, () => random.uniform(0.1, 0.9));
      return [input.name, float32(dims, values)];
    }),
  );
}
