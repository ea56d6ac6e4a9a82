import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readModel } from '../../../adapters/formats/index.js';
import type { Graph, Tensor } from '../../../core/onnx/graph.js';
import { promote } from '../../../core/onnx/promote.js';
import { specialise } from '../../../core/onnx/specialise.js';
import { float32, numbersOf, sizeOf } from '../../../core/onnx/tensor.js';
import { hasShared, sharedDir } from '../../support/paths.js';
import { innerValues, runExposed } from './support/intermediates.js';

const zooSample = ['digits-p4', 'fashion-p4_softmax', 'signs-benign-01'];
const models = hasShared
  ? [
      ...readdirSync(join(sharedDir, 'ops-zoo', 'models'))
        .filter((file) => file.endsWith('.onnx'))
        .map((file) => join(sharedDir, 'ops-zoo', 'models', file)),
      ...zooSample.map((name) => join(sharedDir, 'zoo', 'models', `${name}.onnx`)),
    ]
  : [];

test('the shared models are there', { skip: hasShared ? false : 'no shared data on this machine' }, () => {
  assert.ok(models.length > 40);
});

for (const path of models) {
  for (const batch of [1, 3]) {
    test(`every value of ${path.split('/').at(-1)} has the shape and type that onnxruntime computes, batch ${batch}`, async () => {
      const graph = await readPromoted(path);
      const dims = new Map(graph.inputs.map((input) => [input.name, withBatch(input.dims!, batch)]));
      const feeds = new Map([...dims].map(([name, shape]) => [name, ramp(shape)]));
      const whole = specialise(graph, dims, innerValues(graph));
      const actual = await runExposed(graph, whole.types, feeds);
      assert.ok(actual.size > 0);
      for (const [name, tensor] of actual) {
        const expected = whole.types.get(name)!;
        assert.deepEqual([tensor.dtype, tensor.dims], [expected.dtype, expected.dims], name);
        const constant = whole.graph.initializers.get(name);
        if (constant !== undefined) assertClose(constant, tensor, name, 1e-6);
      }

      const outputs = graph.outputs.map((output) => output.name);
      const final = specialise(graph, dims, outputs);
      const results = await runExposed(final.graph, final.types, feeds);
      for (const name of outputs) assertClose(results.get(name)!, actual.get(name)!, name, 1e-4);
    });
  }
}

async function readPromoted(path: string): Promise<Graph> {
  const { graph } = await readModel(path);
  return promote(graph, graph.inputs[0]!.name);
}

function withBatch(dims: readonly (number | string | null)[], batch: number): number[] {
  return dims.map((dim, axis) => (axis === 0 ? batch : (dim as number)));
}

/** Whole numbers in 0..255, as an image that was uint8 before it was promoted has them. */
function ramp(dims: readonly number[]): Tensor {
  return float32(
    dims,
    Array.from({ length: sizeOf(dims) }, (_, i) => (i * 37) % 256),
  );
}

function assertClose(actual: Tensor, expected: Tensor, name: string, tolerance: number): void {
  assert.deepEqual(actual.dims, expected.dims, name);
  const [left, right] = [numbersOf(actual), numbersOf(expected)];
  const scale = Math.max(1, ...right.map(Math.abs).filter(Number.isFinite));
  left.forEach((value, i) => {
    assert.ok(
      Object.is(value, right[i]) || Math.abs(value - right[i]!) <= tolerance * scale,
      `${name}[${i}]: ${value}, ${right[i]}`,
    );
  });
}
