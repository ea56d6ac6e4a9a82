import assert from 'node:assert/strict';
import { createOnnxruntimeEngine } from '../../../../adapters/engines/onnxruntime/index.js';
import { readNpz } from '../../../../adapters/images/npz.js';
import { openModel } from '../../../../core/execute/open-model.js';
import type { Graph } from '../../../../core/onnx/graph.js';
import { cascade1 } from '../../../../core/scan/profiles.js';

/** What the framework itself says: images, their logits [N, K], and the gradient of each logit [N, K, ...]. */
export interface Golden {
  readonly dims: readonly number[];
  readonly x: Float32Array;
  readonly logits: Float32Array;
  readonly gradients: Float32Array;
}

export function goldenOf(npz: Uint8Array): Golden {
  const arrays = readNpz(npz);
  const floats = (name: string): Float32Array => Float32Array.from(arrays.get(name)!.data as ArrayLike<number>);
  return { dims: arrays.get('x')!.dims, x: floats('x'), logits: floats('logits'), gradients: floats('gradients') };
}

/** Largest differences, as fractions of the largest magnitude. */
export async function differences(graph: Graph, golden: Golden): Promise<{ logits: number; gradients: number }> {
  const classes = golden.logits.length / golden.dims[0]!;
  const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
    path: 'model',
    images: { kind: 'raw', digest: 'sha256:0', count: golden.dims[0]!, labels: [], dims: golden.dims, data: golden.x },
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 30 },
  });
  try {
    const result = await model.explain({ rule: 'vanilla', classes: Array.from({ length: classes }, (_, i) => i) });
    return {
      logits: worst(result.logits.data, golden.logits),
      gradients: worst(result.gradients.data, golden.gradients),
    };
  } finally {
    await model.close();
  }
}

export async function assertGolden(graph: Graph, golden: Golden): Promise<void> {
  const { logits, gradients } = await differences(graph, golden);
  assert.ok(logits <= 1e-4, `logits differ by ${logits} of the largest`);
  assert.ok(gradients <= 1e-3, `gradients differ by ${gradients} of the largest`);
}

function worst(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return expected.reduce((most, value, i) => {
    const difference = Math.abs(actual[i]! - value) / largest;
    return difference <= most ? most : difference;
  }, 0);
}
