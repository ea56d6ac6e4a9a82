import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { memoryFiles } from '../../adapters/formats/files/memory.js';
import { kerasFormat } from '../../adapters/formats/keras/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { openModel } from '../../core/execute/open-model.js';
import { cascade1 } from '../../core/scan/profiles.js';

/**
 * Imports every model that `make.py` saved and prints how far logits and gradients are from Keras' own:
 * `node dist/lab/keras-sweep/run.js FOLDER [NAME...]`. Fails where logits differ by more than 1e-4 of the largest, or more than
 * one pixel in a hundred of a gradient by 1e-3: near-tied activations of deep models flip in float32.
 */
const [folder = '', ...only] = process.argv.slice(2);
let failed = 0;
for (const name of readdirSync(folder).sort()) {
  if (name.endsWith('.npz') || (only.length > 0 && !only.some((part) => name.startsWith(part)))) continue;
  try {
    console.log(name, await compared(name));
  } catch (thrown) {
    failed++;
    console.log(name, 'FAILED', thrown instanceof Error ? thrown.message : thrown);
  }
}
process.exitCode = failed > 0 ? 1 : 0;

async function compared(name: string): Promise<string> {
  const golden = readNpz(readFileSync(join(folder, name.replace(/\.\w+$/, '.npz'))));
  const floats = (key: string): Float32Array => Float32Array.from(golden.get(key)!.data as ArrayLike<number>);
  const dims = golden.get('x')!.dims;
  const started = performance.now();
  const files = memoryFiles(new Map([[name, readFileSync(join(folder, name))]]), name);
  const graph = await kerasFormat.read(files, name, { maxModelBytes: 2 ** 32 });
  const read = performance.now() - started;
  const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
    path: name,
    images: { kind: 'raw', digest: 'sha256:0', count: 1, labels: [], dims, data: floats('x') },
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 32, maxRunBytes: 2 ** 31 },
  });
  try {
    const result = await model.explain({ rule: 'vanilla', classes: Array.from({ length: 10 }, (_, i) => i) });
    const logits = compare(result.logits.data, floats('logits'), 1e-4);
    const gradients = compare(result.gradients.data, floats('gradients'), 1e-3);
    const text = `logits ${logits.worst.toExponential(1)} gradients ${gradients.worst.toExponential(1)} (${(100 * gradients.share).toFixed(2)} % beyond) ${graph.nodes.length} nodes, read in ${Math.round(read)} ms`;
    if (logits.share > 0 || gradients.share > 0.01) throw new Error(text);
    return text;
  } finally {
    await model.close();
  }
}

/** The largest difference as a fraction of the largest magnitude, and the share of values that differ by more than `limit`. */
function compare(actual: Float32Array, expected: Float32Array, limit: number): { worst: number; share: number } {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const differences = expected.map((value, i) => Math.abs(actual[i]! - value) / largest);
  return {
    worst: differences.reduce((most, value) => (value <= most ? most : value), 0),
    share: differences.filter((value) => !(value <= limit)).length / expected.length,
  };
}
