import assert from 'node:assert/strict';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import type { NpyArray } from '../../adapters/images/npy.js';
import { openModel } from '../../core/execute/open-model.js';
import type { ClassifierSelection } from '../../core/onnx/classifier.js';
import type { Graph } from '../../core/onnx/graph.js';
import { cascade1 } from '../../core/scan/profiles.js';

/** What the framework that a model comes from computes for some images. */
export interface ModelGolden {
  /** As the model takes them. */
  readonly x: NpyArray;
  /** [N, classes] */
  readonly logits: NpyArray;
  /** d logits[class] / dx for each of `classes`: [N, K, ...image]. */
  readonly grad: NpyArray | undefined;
  /** All, where it is left out. */
  readonly classes?: NpyArray | undefined;
}

/** Of an archive of arrays, those with a common beginning of their names. */
export function goldenOf(arrays: ReadonlyMap<string, NpyArray>, prefix = ''): ModelGolden {
  const at = (key: string): NpyArray | undefined => arrays.get(`${prefix}${key}`);
  const [x, logits] = [at('x'), at('logits')];
  assert.ok(x && logits, `${prefix}x and logits`);
  return { x, logits, grad: at('grad'), classes: at('classes') };
}

/**
 * The model's logits within 1e-4, its gradients within 1e-3 of the largest value.
 * @param selection what a user says of a model that does not tell.
 */
export async function assertModel(
  graph: Graph,
  golden: ModelGolden,
  selection: ClassifierSelection = {},
): Promise<void> {
  const { x, logits, grad } = golden;
  const count = x.dims[0]!;
  const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
    path: graph.name,
    images: { kind: 'raw', digest: 'sha256:0', count, labels: [], dims: x.dims, data: Float32Array.from(numbers(x)) },
    preprocessing: {},
    profile: cascade1,
    selection,
    limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 30 },
  });
  try {
    const classes = golden.classes ? numbers(golden.classes) : Array.from({ length: logits.dims[1]! }, (_, i) => i);
    const actual = await model.explain({ rule: 'vanilla', classes });
    assertWithin(actual.logits.data, numbers(logits), 1e-4, 'logits');
    if (grad) {
      assert.deepEqual(actual.gradients.dims, grad.dims);
      assertWithin(actual.gradients.data, numbers(grad), 1e-3, 'gradients');
    }
  } finally {
    await model.close();
  }
}

/** Differences relative to the largest expected value. */
export function assertWithin(
  actual: ArrayLike<number>,
  expected: readonly number[],
  limit: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `number of ${what}`);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const worst = expected.reduce((most, value, i) => {
    const difference = Math.abs(actual[i]! - value) / largest;
    return difference <= most ? most : difference;
  }, 0);
  assert.ok(worst <= limit, `${what} differ by ${worst} of the maximum ${largest}`);
}

function numbers(array: NpyArray): number[] {
  return Array.from(array.data as ArrayLike<number | bigint>, Number);
}
