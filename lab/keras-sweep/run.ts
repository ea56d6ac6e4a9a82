import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { memoryFiles } from '../../adapters/formats/files/memory.js';
import { kerasFormat } from '../../adapters/formats/keras/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { openModel } from '../../core/execute/open-model.js';
import { cascade1 } from '../../core/scan/profiles.js';

/**
 * Imports every model that `make.py` saved and prints, as rows of a table, how far logits and gradients of all ten classes are
 * from Keras' own in float64, and how far Keras' own in float32 are: `node dist/lab/keras-sweep/run.js FOLDER [NAME...]`.
 * Errors are the largest difference as a fraction of the largest magnitude over all classes.
 *
 * Fails where the importer refuses, where logits are beyond 1e-4, or where gradients are beyond 1e-3 although Keras' own
 * gradients in float32 are within 3e-4: where they are not, near-tied activations take sides by the rounding of sums, and the
 * row says "ties" instead of "ok".
 */
const limits = { logits: 1e-4, gradients: 1e-3, own: 3e-4 };
const [folder = '', ...only] = process.argv.slice(2);
let failed = 0;
for (const file of readdirSync(folder).sort()) {
  if (file.endsWith('.npz') || (only.length > 0 && !only.some((part) => file.startsWith(part)))) continue;
  const name = file.replace(/-keras(\d)\.(\w+)$/, ' | $1 | .$2');
  try {
    const { passes, cells } = await compared(file);
    if (!passes) failed++;
    console.log(`| ${[name, ...cells].join(' | ')} |`);
  } catch (thrown) {
    failed++;
    console.log(`| ${name} | REFUSED ${thrown instanceof Error ? thrown.message : String(thrown)} |`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;

async function compared(file: string): Promise<{ passes: boolean; cells: string[] }> {
  const golden = readNpz(readFileSync(join(folder, file.replace(/\.\w+$/, '.npz'))));
  const numbers = (key: string): Float64Array => Float64Array.from(golden.get(key)!.data as ArrayLike<number>);
  const dims = golden.get('x')!.dims;
  const started = performance.now();
  const files = memoryFiles(new Map([[file, readFileSync(join(folder, file))]]), file);
  const graph = await kerasFormat.read(files, file, { maxModelBytes: 2 ** 32 });
  const read = performance.now() - started;
  const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
    path: file,
    images: { kind: 'raw', digest: 'sha256:0', count: 1, labels: [], dims, data: Float32Array.from(numbers('x')) },
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 32, maxRunBytes: 2 ** 31 },
  });
  try {
    const { logits, gradients } = await model.explain({
      rule: 'vanilla',
      classes: Array.from({ length: 10 }, (_, i) => i),
    });
    const exact = { logits: numbers('logits64'), gradients: numbers('gradients64') };
    const single = { logits: numbers('logits'), gradients: numbers('gradients') };
    const ours = { logits: worst(logits.data, exact.logits), gradients: worst(gradients.data, exact.gradients) };
    const own = { logits: worst(single.logits, exact.logits), gradients: worst(single.gradients, exact.gradients) };
    const near = ours.gradients <= limits.gradients;
    const stable = own.gradients <= limits.own;
    const passes = ours.logits <= limits.logits && (near || !stable);
    const verdict = !passes ? 'FAILED' : stable ? 'ok' : near ? 'ok (ties)' : 'ties';
    return {
      passes,
      cells: [
        ...[ours.logits, own.logits, ours.gradients, own.gradients, worst(gradients.data, single.gradients)].map((e) =>
          e.toExponential(1),
        ),
        `${(100 * beyond(gradients.data, exact.gradients, limits.gradients)).toFixed(2)} %`,
        String(graph.nodes.length),
        `${Math.round(read)} ms`,
        verdict,
      ],
    };
  } finally {
    await model.close();
  }
}

/** The largest difference as a fraction of the largest magnitude; Infinity for what is not finite. */
function worst(actual: ArrayLike<number>, expected: Float64Array): number {
  const scale = magnitude(expected);
  return expected.reduce((most, value, i) => {
    const difference = Math.abs(actual[i]! - value) / scale;
    return difference <= most ? most : Number.isFinite(difference) ? difference : Infinity;
  }, 0);
}

/** The share of values that differ by more than `limit` of the largest. */
function beyond(actual: ArrayLike<number>, expected: Float64Array, limit: number): number {
  const scale = magnitude(expected);
  return expected.filter((value, i) => !(Math.abs(actual[i]! - value) / scale <= limit)).length / expected.length;
}

function magnitude(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
}
