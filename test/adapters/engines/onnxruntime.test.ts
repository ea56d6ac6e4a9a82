import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import type { DType, TensorData } from '../../../core/onnx/graph.js';
import { ScanError, type ScanErrorCode } from '../../../core/scan/errors.js';
import { runEngineContract } from '../../contract/engine.js';
import { literal, tensor } from '../../contract/engine/array.js';
import { graph, node } from '../../contract/engine/program.js';

const onCpu = () => createOnnxruntimeEngine({ provider: 'cpu' });

runEngineContract({ name: 'onnxruntime', newEngine: onCpu });

describe('onnxruntime', () => {
  it('knows its version before the native library is loaded', () => {
    const { name, version, provider, threads } = createOnnxruntimeEngine({ provider: 'auto', threads: 2 }).info;
    assert.deepEqual([name, provider, threads], ['onnxruntime', 'auto', 2]);
    assert.match(version, /^\d+\.\d+\.\d+/);
  });

  it('says which provider auto has chosen', async () => {
    const engine = createOnnxruntimeEngine({ provider: 'auto' });
    await (await engine.load(identity('float32'))).dispose();
    assert.match(engine.info.provider, /^(cpu|cuda)$/);
  });

  for (const provider of ['cuda', 'webgpu'] as const) {
    it(`runs on ${provider}, or says what it takes and never falls back`, async () => {
      const engine = createOnnxruntimeEngine({ provider });
      try {
        await (await engine.load(identity('float32'))).dispose();
      } catch (error) {
        failsWith('engine-unavailable', new RegExp(`provider ${provider} .* does not work here.*doctor`))(error);
      }
      assert.equal(engine.info.provider, provider);
    });
  }

  it('prints nothing, whatever a program does', () => {
    const script = fileURLToPath(new URL('./onnxruntime-noise.js', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '2 refused\n', stderr: '' });
  });

  for (const [dtype, data] of [
    ['float32', Float32Array.of(-1.5, Number.POSITIVE_INFINITY)],
    ['float64', Float64Array.of(Math.PI, -0)],
    ['float16', Uint16Array.of(0x3c00, 0xfbff)],
    ['int64', BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n)],
    ['uint64', BigUint64Array.of(2n ** 64n - 1n, 0n)],
    ['int32', Int32Array.of(-(2 ** 31), 7)],
    ['uint32', Uint32Array.of(2 ** 32 - 1, 0)],
    ['int16', Int16Array.of(-5, 5)],
    ['uint16', Uint16Array.of(65535, 1)],
    ['int8', Int8Array.of(-128, 127)],
    ['uint8', Uint8Array.of(255, 0)],
    ['bool', Uint8Array.of(1, 0)],
    ['string', ['é', '']],
  ] as const satisfies readonly (readonly [DType, TensorData])[]) {
    it(`passes ${dtype} in and out unchanged, also from the middle of a larger buffer`, async () => {
      const session = await onCpu().load(identity(dtype));
      const feed = { dtype, dims: [2], data: Array.isArray(data) ? data : windowOf(data as Float32Array) };
      const { data: result, ...rest } = (await session.run(new Map([['x', feed]]))).get('y')!;
      assert.deepEqual(rest, { dtype, dims: [2] });
      assert.deepEqual(result, data);
      await session.dispose();
    });
  }

  it('refuses bfloat16 at its border, where it would be read as something else', async () => {
    const session = await onCpu().load(identity('float32'));
    const feed = { dtype: 'bfloat16', dims: [1], data: Uint16Array.of(0x3f80) } as const;
    await assert.rejects(session.run(new Map([['x', feed]])), failsWith('engine-failed', /bfloat16 for 'x'/));
  });

  it('tells running out of memory from other failures, and goes on', async () => {
    const program = graph({
      inputs: [['size', 'int64', [1]]],
      outputs: [['y', 'float32']],
      nodes: [node('Expand', ['one', 'size'], ['y'])],
      initializers: { one: tensor(literal([1], [1])) },
    });
    const session = await onCpu().load(program);
    const run = (size: number) => session.run(new Map([['size', tensor(literal([1], [size]), 'int64')]]));
    await assert.rejects(run(2 ** 46), failsWith('engine-out-of-memory', /node 'node_y' \(Expand\)/));
    assert.deepEqual((await run(2)).get('y')!.data, Float32Array.of(1, 1));
  });

  it('names the node of a program that cannot be loaded', async () => {
    const program = graph({
      inputs: [['x', 'float32', [2, 3]]],
      outputs: [['y', 'float32']],
      nodes: [node('Concat', ['x', 'w'], ['y'], { axis: 0 })],
      initializers: { w: tensor(literal([1, 4], [1, 2, 3, 4])) },
    });
    await assert.rejects(onCpu().load(program), failsWith('engine-failed', /node 'node_y' \(Concat\)/));
  });
});

function identity(dtype: DType) {
  return graph({
    inputs: [['x', dtype, ['n']]],
    outputs: [['y', dtype]],
    nodes: [node('Identity', ['x'], ['y'])],
  });
}

/** The same values as a view into an array with other values around them. */
function windowOf<T extends Float32Array>(data: T): T {
  const larger = new (data.constructor as new (length: number) => T)(data.length + 3);
  larger.set(data, 1);
  return larger.subarray(1, 1 + data.length) as T;
}

function failsWith(code: ScanErrorCode, message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ScanError, `${String(error)} is no ScanError`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}
