import { createOnnxruntimeEngine } from '../adapters/engines/onnxruntime/index.js';
import type { readNpz } from '../adapters/images/npz.js';
import { openModel } from '../core/execute/open-model.js';
import type { Graph } from '../core/onnx/graph.js';
import type { OpenModel } from '../core/ports/runner.js';
import { cascade1 } from '../core/scan/profiles.js';

/** What a framework computed: images `x`, as the model takes them, and results of them. */
export type Golden = ReturnType<typeof readNpz>;

/** Opens an imported model on the images of a golden file, on the CPU. */
export function openOnGolden(graph: Graph, path: string, golden: Golden): Promise<OpenModel> {
  const { dims, data } = golden.get('x')!;
  return openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
    path,
    images: {
      kind: 'raw',
      digest: 'sha256:0',
      count: dims[0]!,
      labels: [],
      dims,
      data: Float32Array.from(data as ArrayLike<number>),
    },
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 32, maxRunBytes: 2 ** 31 },
  });
}

/** The largest difference as a fraction of the largest magnitude; Infinity for what is not finite. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, not ${expected.length}`);
  let [largest, worst] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i]! - expected[i]!);
    worst = Number.isFinite(off) ? Math.max(worst, off) : Infinity;
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst / (largest || 1);
}
