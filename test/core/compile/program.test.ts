import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { compileProgram, programInputs, programOutputs } from '../../../core/compile/program.js';
import { specialise } from '../../../core/onnx/specialise.js';
import { float32 } from '../../../core/onnx/tensor.js';
import { upgrade } from '../../../core/onnx/upgrade.js';
import { graphOf, image, op } from '../onnx/support/graphs.js';

for (const name of [...programOutputs, ...Object.values(programInputs)]) {
  test(`a model may call its nodes and values '${name}' as the program does`, async () => {
    const dims = [2, 3, 4, 4];
    // The node keeps its name where the value behind it has another one.
    const nodes = [{ ...op('Relu', 'x', 'r'), name }, op('Flatten', 'r', name), op('MatMul', `${name}, w`, 'y')];
    const initializers = {
      w: float32(
        [48, 5],
        Array.from({ length: 240 }, (_, i) => Math.sin(i)),
      ),
    };
    const graph = graphOf({ inputs: [image(dims)], outputs: ['y'], nodes, initializers, opset: 21 });
    const model = upgrade(specialise(graph, new Map([['x', dims]]), ['y']));
    const outputs = ['logits', 'gradient', 'heatmap', 'gain'] as const;
    const program = compileProgram(model, 'x', 'y', { rule: 'vanilla', layout: 'NCHW', outputs, objective: 'logit' });
    const session = await createOnnxruntimeEngine({ provider: 'cpu' }).load(program);
    try {
      const x = float32(
        dims,
        Array.from({ length: 96 }, (_, i) => Math.cos(i)),
      );
      const seeds = float32([1, 1, 5], [0, 0, 1, 0, 0]);
      const found = await session.run(
        new Map([
          ['images', x],
          ['seeds', seeds],
        ]),
      );
      // A gate may leave -0, which is no other gradient.
      const gradient = Array.from(found.get('gradient')!.data as Float32Array, (value) => value + 0);
      const expected = [...(x.data as Float32Array)].map((value, i) =>
        value > 0 ? Math.fround(Math.sin((i % 48) * 5 + 2)) : 0,
      );
      assert.deepEqual(gradient, expected);
    } finally {
      await session.dispose();
    }
  });
}
