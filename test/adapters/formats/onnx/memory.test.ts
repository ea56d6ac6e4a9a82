import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { defaultOnnxLimits as limits } from '../../../../adapters/formats/onnx/limits.js';
import { modelBytes, varint } from './support/wire.js';

const empty = (count: number): object[] => Array.from({ length: count }, () => ({}));

/** The smallest records protobuf allows, as many as the limits let through: the most memory for the fewest bytes. */
const fillers: Readonly<Record<string, () => Uint8Array>> = {
  nodes: () => modelBytes({ node: empty(limits.maxNodes) }),
  attributes: () => modelBytes({ node: [{ attribute: empty(limits.maxAttributes) }] }),
  initializers: () => modelBytes({ initializer: empty(limits.maxInitializers) }),
  inputs: () => modelBytes({ input: empty(limits.maxValues) }),
  names: () => modelBytes({ node: [{ opType: 'A', input: Array<string>(limits.maxValues).fill('x') }] }),
  integers: () => modelBytes({ node: [{ attribute: [{ ints: Array<number>(limits.maxListItems - 1).fill(1) }] }] }),
  metadata: () => modelBytes({}, { metadataProps: empty(limits.maxListItems - 1) }),
  shapes: () =>
    modelBytes({
      input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim: empty(limits.maxListItems - 1) } } } }],
    }),
  'sparse tensors': () =>
    modelBytes({
      sparseInitializer: ['a', 'b'].map((name) => ({
        values: { name, dataType: 1, dims: [1], rawData: new Uint8Array(4) },
        indices: { dataType: 7, dims: [1], int64Data: [varint(0)] },
        dims: [limits.maxSparseElements],
      })),
    }),
};

describe('a file of a few megabytes is read or refused within 1 GiB of memory', () => {
  const decoder = new URL('../../../../adapters/formats/onnx/decode.js', import.meta.url);
  const script = `
    import { readFileSync } from 'node:fs';
    import { decodeModel } from '${decoder.href}';
    try { decodeModel(readFileSync(process.argv[1])); } catch (thrown) { if (thrown.name !== 'ScanError') throw thrown; }
    if (process.resourceUsage().maxRSS > 2 ** 20) throw new Error(process.resourceUsage().maxRSS + ' KiB resident');`;
  for (const [name, fill] of Object.entries(fillers)) {
    test(name, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'onnx-memory-'));
      t.after(() => {
        rmSync(folder, { recursive: true });
      });
      const file = join(folder, 'm.onnx');
      writeFileSync(file, fill());
      const args = ['--max-old-space-size=900', '--input-type=module', '--eval', script, file];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }
});
