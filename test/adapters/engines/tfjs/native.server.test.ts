import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { createTfjsEngine } from '../../../../adapters/engines/tfjs/index.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { addOne } from '../../../../adapters/engines/add-one.js';
import { runEngineContract } from '../../../contract/engine.js';
import { testServers } from '../../../support/servers.js';
import { nativeTfjs } from '../../../support/tfjs-node.js';

/** The package @tensorflow/tfjs-node-gpu itself, with a native library that computes on the CPU. */
const native = nativeTfjs(testServers().tfjsNode.folder);
after(() => {
  native.remove();
});

runEngineContract({
  name: 'tfjs node',
  newEngine: () => createTfjsEngine({ provider: 'node', packagesOf: native.path }),
});

describe('native tfjs', () => {
  it('is what auto takes where it is installed, before WebAssembly', async () => {
    const engine = createTfjsEngine({ provider: 'auto', packagesOf: native.path, threads: 1 });
    await addOne(engine);
    assert.deepEqual([engine.info.provider, engine.info.threads], ['node', 1]);
  });

  it('is no GPU where there is none: asked for by name it says so', async () => {
    const engine = createTfjsEngine({ provider: 'gpu', packagesOf: native.path });
    await assert.rejects(addOne(engine), (error: unknown) => {
      assert.ok(error instanceof ScanError);
      assert.equal(error.code, 'engine-unavailable');
      assert.match(error.message, /provider gpu of tfjs does not work here: TensorFlow finds no GPU.*npm explore/);
      return true;
    });
  });
});
