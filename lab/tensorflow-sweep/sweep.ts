import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { memoryFiles } from '../../adapters/formats/files/memory.js';
import { onnxFormat } from '../../adapters/formats/onnx/index.js';
import { frozenGraph, savedModel } from '../../adapters/formats/tensorflow/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { openModel } from '../../core/execute/open-model.js';
import type { ModelFiles, ModelFormat } from '../../core/ports/model-format.js';
import { cascade1 } from '../../core/scan/profiles.js';

/**
 * Every model of keras.applications, exported by Keras 3, by tf_keras and by tf2onnx, against TensorFlow's own logits and gradients:
 *
 *   node dist/lab/tensorflow-sweep/sweep.js PYTHON keras|tf_keras|tf2onnx [NAME...]
 *
 * PYTHON needs tensorflow, keras and, as far as they are named, tf_keras and tf2onnx. Prints a table: largest difference relative to the largest value, for logits
 * within 1e-4, for gradients within 1e-3 but for one pixel in a hundred: near-tied activations of deep models flip in float32.
 */
const [python, framework, ...names] = process.argv.slice(2);
if (!python || !framework) throw new Error('usage: sweep.js PYTHON keras|tf_keras [NAME...]');
const exported = [
  { format: savedModel, place: 'saved', main: 'saved_model.pb' },
  { format: frozenGraph, place: 'frozen.pb', main: 'frozen.pb' },
  { format: onnxFormat, place: 'model.onnx', main: 'model.onnx' },
];
const folder = mkdtempSync(join(tmpdir(), 'tensorflow-sweep-'));
const script = join(import.meta.dirname.replace(/\/dist\//, '/'), 'make.py');
const maker = spawn(python, [script, framework, folder, ...names], { stdio: ['pipe', 'pipe', 'ignore'] });

console.log('| model | format | logits | gradients | seconds | |\n| --- | --- | --- | --- | --- | --- |');
for await (const line of createInterface({ input: maker.stdout })) {
  const [state, name = '', ...why] = line.split(' ');
  if (state === 'FAILED') console.log(`| ${name} | | | | | not made: ${why.join(' ')} |`);
  if (state !== 'MADE') continue;
  for (const { format, place, main } of exported) {
    const path = join(folder, place);
    if (existsSync(path)) await report(name, format, filesOf(path), main);
  }
  maker.stdin.write('\n');
}
rmSync(folder, { recursive: true, force: true });

async function report(name: string, format: ModelFormat, files: ModelFiles, main: string): Promise<void> {
  const start = performance.now();
  try {
    const { logits, gradients, beyond } = await differences(format, files, main);
    const verdict = logits <= 1e-4 && beyond <= 0.01 ? 'pass' : 'FAIL';
    const share = beyond > 0 ? ` (${(100 * beyond).toFixed(2)} % beyond)` : '';
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `| ${name} | ${format.name} | ${logits.toExponential(1)} | ${gradients.toExponential(1)}${share} | ${seconds} | ${verdict} |`,
    );
  } catch (thrown) {
    console.log(`| ${name} | ${format.name} | | | | FAIL: ${String(thrown)} |`);
  }
}

async function differences(
  format: ModelFormat,
  files: ModelFiles,
  main: string,
): Promise<{ logits: number; gradients: number; beyond: number }> {
  const golden = readNpz(readFileSync(join(folder, 'golden.npz')));
  const numbers = (key: string): number[] => Array.from(golden.get(key)!.data as ArrayLike<number | bigint>, Number);
  const { dims } = golden.get('x')!;
  const graph = await format.read(files, main, { maxModelBytes: 2 ** 32 });
  const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
    path: main,
    images: {
      kind: 'raw',
      digest: 'sha256:0',
      count: dims[0]!,
      labels: [],
      dims,
      data: Float32Array.from(numbers('x')),
    },
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 32, maxRunBytes: 2 ** 32 },
  });
  const { logits, gradients } = await model.explain({ rule: 'vanilla', classes: numbers('classes') });
  const rectified = await model.explain({ rule: 'rectified', classes: numbers('classes') });
  await model.close();
  if (
    compare(rectified.logits.data, numbers('logits')).worst > 1e-4 ||
    !rectified.gradients.data.some((value) => value !== 0)
  )
    throw new Error('the rectified program has other logits, or no gradients');
  if (!rectified.gradients.data.every(Number.isFinite)) throw new Error('rectified gradients are not finite');
  const compared = compare(gradients.data, numbers('grad'));
  return { logits: compare(logits.data, numbers('logits')).worst, gradients: compared.worst, beyond: compared.beyond };
}

/** The largest difference as a fraction of the largest magnitude, and the share of values that differ by more than 1e-3. */
function compare(actual: Float32Array, expected: readonly number[]): { worst: number; beyond: number } {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, not ${expected.length}`);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const differences = expected.map((value, i) => Math.abs(actual[i]! - value) / largest);
  return {
    worst: differences.reduce((most, value) => (value <= most ? most : value), 0),
    beyond: differences.filter((value) => !(value <= 1e-3)).length / expected.length,
  };
}

function filesOf(path: string): ModelFiles {
  const contents = new Map<string, Uint8Array>();
  if (statSync(path).isFile())
    return memoryFiles(contents.set(basename(path), new Uint8Array(readFileSync(path))), path);
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) contents.set(relative(path, file), new Uint8Array(readFileSync(file)));
  }
  return memoryFiles(contents, path);
}
