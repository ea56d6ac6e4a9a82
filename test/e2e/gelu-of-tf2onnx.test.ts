import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { openModel } from '../../core/execute/open-model.js';
import type { Graph, Node } from '../../core/onnx/graph.js';
import { float32, scalar } from '../../core/onnx/tensor.js';
import { saliencyRuleNames } from '../../core/scan/features.js';
import { cascade1 } from '../../core/scan/profiles.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../support/graphs.js';
import { newRandom } from '../support/random.js';

/**
 * TensorFlow writes GELU as 0.5 x erfc(-x / sqrt 2). tf2onnx knows no Erfc and leaves it among ONNX' own operators, with
 * Transposes on either side of it; without a rule no model of Keras with a GELU could be scanned.
 */
const perm = { type: 'ints', value: [0, 2, 3, 1] } as const;
const ofTf2onnx: readonly Node[] = [
  nodeOf('Mul', ['half', 'conv'], ['halved']),
  nodeOf('Transpose', ['halved'], ['halved_nhwc'], { perm }),
  nodeOf('Neg', ['conv'], ['negative']),
  nodeOf('Mul', ['negative', 'root'], ['scaled']),
  nodeOf('Transpose', ['scaled'], ['scaled_nhwc'], { perm }),
  nodeOf('Erfc', ['scaled_nhwc'], ['tail']),
  nodeOf('Mul', ['halved_nhwc', 'tail'], ['activated']),
];
const ofOnnx: readonly Node[] = [
  nodeOf('Gelu', ['conv'], ['activated_nchw']),
  nodeOf('Transpose', ['activated_nchw'], ['activated'], { perm }),
];

for (const rule of saliencyRuleNames) {
  test(`the ${rule} rule sees the GELU in what tf2onnx writes`, async () => {
    const [theirs, expected] = await Promise.all([maps(ofTf2onnx, rule), maps(ofOnnx, rule)]);
    assert.ok(expected.gradients.some((value) => Math.abs(value) > 1e-2));
    close(theirs.logits, expected.logits);
    close(theirs.gradients, expected.gradients);
  });
}

async function maps(
  gelu: readonly Node[],
  rule: (typeof saliencyRuleNames)[number],
): Promise<{ logits: Float32Array; gradients: Float32Array }> {
  const data = numbers(7, 2 * 5 * 5 * 3);
  const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), classifier(gelu), {
    path: 'model.onnx',
    images: { kind: 'raw', digest: 'sha256:0', count: 2, labels: [], dims: [2, 3, 5, 5], data },
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 20, maxRunBytes: 2 ** 28 },
  });
  try {
    const { logits, gradients } = await model.explain({ rule, classes: [0, 3] });
    return { logits: logits.data, gradients: gradients.data };
  } finally {
    await model.close();
  }
}

/** Conv, GELU in NHWC, mean over the picture, linear layer. */
function classifier(gelu: readonly Node[]): Graph {
  return graphWith({
    opsets: new Map([['', 20]]),
    inputs: [valueOf('x', ['N', 3, 5, 5])],
    outputs: [valueOf('logits', undefined)],
    initializers: tensorsOf({
      w: float32([6, 3, 3, 3], numbers(1, 162)),
      half: scalar(0.5),
      root: scalar(Math.SQRT1_2),
      axes: { dtype: 'int64', dims: [2], data: BigInt64Array.of(1n, 2n) },
      dense: float32([6, 4], numbers(2, 24)),
    }),
    nodes: [
      nodeOf('Conv', ['x', 'w'], ['conv']),
      ...gelu,
      nodeOf('ReduceMean', ['activated', 'axes'], ['pooled'], { keepdims: { type: 'int', value: 0 } }),
      nodeOf('MatMul', ['pooled', 'dense'], ['logits']),
    ],
  });
}

function numbers(seed: number, count: number): Float32Array {
  const random = newRandom(seed);
  return Float32Array.from({ length: count }, () => random.uniform(-1, 1));
}

function close(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${i}: ${value}, not ${expected[i]}`);
  });
}
