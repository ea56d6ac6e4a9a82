import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTfjsEngine } from '../../../../adapters/engines/tfjs/index.js';
import type { Tf } from '../../../../adapters/engines/tfjs/library.js';
import type { DType, TensorData } from '../../../../core/onnx/graph.js';
import { ScanError, type ScanErrorCode } from '../../../../core/scan/errors.js';
import { runEngineContract } from '../../../contract/engine.js';
import { literal, noise, tensor } from '../../../contract/engine/array.js';
import { graph, node } from '../../../contract/engine/program.js';

const tf = createRequire(import.meta.url)('@tensorflow/tfjs-core') as Tf;
const providers = ['wasm', 'cpu'] as const;

for (const provider of providers) {
  runEngineContract({ name: `tfjs ${provider}`, newEngine: () => createTfjsEngine({ provider }) });
}

for (const provider of providers) {
  describe(`tfjs ${provider}`, () => {
    const engine = createTfjsEngine({ provider });

    it('gives every tensor back: their number is flat over 1,000 runs, and 0 in the end', async () => {
      await (await engine.load(convolution())).dispose();
      const before = tf.memory().numTensors;
      const session = await engine.load(convolution());
      const feeds = new Map([['x', tensor(noise([2, 2, 5, 5]))]]);
      await session.run(feeds);
      const held = tf.memory().numTensors;
      for (let i = 0; i < 1000; i++) await session.run(feeds);
      assert.equal(tf.memory().numTensors, held);
      assert.ok(held > before, 'weights stay on the device');
      await session.dispose();
      assert.equal(tf.memory().numTensors, before);
    });

    const attention = (attributes: Readonly<Record<string, number>>) =>
      graph({
        opset: 25,
        inputs: [['q', 'float32', ['n', 1, 2, 2]]],
        outputs: [['y', 'float32']],
        nodes: [node('Attention', ['q', 'q', 'q', 'mask'], ['y'], attributes)],
        initializers: { mask: { dtype: 'bool', dims: [2, 2], data: Uint8Array.of(0, 0, 1, 0) } },
      });

    it('gives zeros to a query that the mask hides everything from, as ONNX Runtime does', async () => {
      const session = await engine.load(attention({}));
      const { data } = (await session.run(new Map([['q', tensor(literal([1, 1, 2, 2], [1, 2, 3, 4]))]]))).get('y')!;
      assert.deepEqual([...(data as Float32Array)], [0, 0, 1, 2]);
      await session.dispose();
    });

    it('refuses windows of attention, which came with opset 25', async () => {
      const session = await engine.load(attention({ left_window_size: 1 }));
      const feeds = new Map([['q', tensor(literal([1, 1, 2, 2], [1, 2, 3, 4]))]]);
      await assert.rejects(session.run(feeds), failsWith('engine-failed', /Attention.*a window/));
      await session.dispose();
    });

    it('gives every tensor back when a node fails in the middle of a run', async () => {
      const session = await engine.load(
        graph({
          inputs: [
            ['x', 'float32', ['n', 3]],
            ['i', 'int64', ['m']],
          ],
          outputs: [['y', 'float32']],
          nodes: [
            node('Add', ['x', 'x'], ['twice']),
            node('Gather', ['twice', 'i'], ['picked'], { axis: 1 }),
            node('Mul', ['picked', 'picked'], ['y']),
          ],
        }),
      );
      const run = (index: number) =>
        session.run(
          new Map([
            ['x', tensor(noise([2, 3]))],
            ['i', tensor(literal([1], [index]), 'int64')],
          ]),
        );
      const before = tf.memory().numTensors;
      await assert.rejects(
        run(3),
        failsWith('engine-failed', /node 'node_picked' \(Gather\): it takes element 3 of 3/),
      );
      assert.equal(tf.memory().numTensors, before);
      assert.deepEqual((await run(2)).get('y')!.dims, [2, 1]);
    });

    for (const [dtype, data] of [
      ['float64', Float64Array.of(Math.PI, -0)],
      ['float16', Uint16Array.of(0x3c00, 0xfbff)],
      ['int64', BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n)],
      ['uint64', BigUint64Array.of(2n ** 64n - 1n, 0n)],
      ['int32', Int32Array.of(-(2 ** 31), 7)],
      ['uint32', Uint32Array.of(2 ** 32 - 1, 0)],
      ['int8', Int8Array.of(-128, 127)],
      ['uint8', Uint8Array.of(255, 0)],
      ['bool', Uint8Array.of(1, 0)],
    ] as const satisfies readonly (readonly [DType, TensorData])[]) {
      it(`hands ${dtype} on unchanged`, async () => {
        const session = await engine.load(
          graph({
            inputs: [['x', dtype, ['n']]],
            outputs: [['y', dtype]],
            nodes: [node('Transpose', ['x'], ['same']), node('Reshape', ['same', 'dims'], ['y'])],
            initializers: { dims: tensor(literal([1], [2]), 'int64') },
          }),
        );
        const result = await session.run(new Map([['x', { dtype, dims: [2], data }]]));
        assert.deepEqual(result.get('y'), { dtype, dims: [2], data });
        await session.dispose();
      });
    }

    it('refuses what it cannot compute exactly, by op and node', async () => {
      const doubles = graph({
        inputs: [['x', 'float64', ['n', 1, 3, 3]]],
        outputs: [['y', 'float64']],
        nodes: [node('Conv', ['x', 'w'], ['y'])],
        initializers: { w: { dtype: 'float64', dims: [1, 1, 1, 1], data: Float64Array.of(0.1) } },
      });
      const session = await engine.load(doubles);
      const x = { dtype: 'float64', dims: [1, 1, 3, 3], data: new Float64Array(9) } as const;
      await assert.rejects(
        session.run(new Map([['x', x]])),
        failsWith('engine-failed', /node 'node_y' \(Conv\): .*exactly for float64, float64/),
      );
    });
  });
}

describe('tfjs', () => {
  it('knows its version before the library is loaded, and takes the first provider that works', async () => {
    const engine = createTfjsEngine({ provider: 'auto' });
    assert.match(engine.info.version, /^4\.\d+\.\d+/);
    assert.equal(engine.info.provider, 'auto');
    await (await engine.load(convolution())).dispose();
    assert.match(engine.info.provider, /^(gpu|node|wasm)$/);
  });

  it('says what is missing and how to get it, where nothing of it is installed', async () => {
    const engine = createTfjsEngine({ provider: 'auto', packagesOf: '/nowhere/index.js' });
    await assert.rejects(engine.load(convolution()), failsWith('engine-unavailable', /without --omit=optional/));
    assert.equal(engine.info.version, 'not installed');
  });

  it('prints nothing, whichever provider is used', () => {
    const script = fileURLToPath(new URL('./tfjs-noise.js', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'works\n', stderr: '' });
  });
});

function convolution() {
  return graph({
    inputs: [['x', 'float32', ['n', 2, 5, 5]]],
    outputs: [['y', 'float32']],
    nodes: [
      node('Conv', ['x', 'w'], ['map'], { pads: [1, 1, 1, 1] }),
      node('Relu', ['map'], ['active']),
      node('ReduceMean', ['active'], ['y'], { axes: [1, 2, 3], keepdims: 0 }),
    ],
    initializers: { w: tensor(noise([2, 2, 3, 3], 2)) },
  });
}

function failsWith(code: ScanErrorCode, message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ScanError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}
