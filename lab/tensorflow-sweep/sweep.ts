import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { memoryFiles } from '../../adapters/formats/files/memory.js';
import { frozenGraph, savedModel } from '../../adapters/formats/tensorflow/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { openModel } from '../../core/execute/open-model.js';
import type { ModelFiles, ModelFormat } from '../../core/ports/model-format.js';
import { cascade1 } from '../../core/scan/profiles.js';

/**
 * Every model of keras.applications, exported by Keras 3 and by tf_keras, against TensorFlow's own logits and gradients:
 *
 *   node dist/lab/tensorflow-sweep/sweep.js PYTHON keras|tf_keras [NAME...]
 *
 * PYTHON needs tensorflow, keras and tf_keras. Prints a table: largest difference relative to the largest value, for logits
 * within 1e-4, for gradients within 1e-3.
 */
const [python, framework, ...names] = process.argv.slice(2);
if (!python || !framework) throw new Error('usage: sweep.js PYTHON keras|tf_keras [NAME...]');
const folder = mkdtempSync(join(tmpdir(), 'tensorflow-sweep-'));
const script = join(import.meta.dirname.replace(/\/dist\//, '/'), 'make.py');
const maker = spawn(python, [script, framework, folder, ...names], { stdio: ['pipe', 'pipe', 'ignore'] });

console.log('| model | format | logits | gradients | seconds | |\n| --- | --- | --- | --- | --- | --- |');
for await (const line of createInterface({ input: maker.stdout })) {
  const [state, name = '', ...why] = line.split(' ');
  if (state === 'FAILED') console.log(`| ${name} | | | | | not made: ${why.join(' ')} |`);
  if (state !== 'MADE') continue;
  await report(name, savedModel, filesOf(join(folder, 'saved')), 'saved_model.pb');
  await report(name, frozenGraph, filesOf(join(folder, 'frozen.pb')), 'frozen.pb');
  maker.stdin.write('\n');
}
rmSync(folder, { recursive: true, force: true });

async function report(name: string, format: ModelFormat, files: ModelFiles, main: string): Promise<void> {
  const start = performance.now();
  try {
    const { logits, gradients } = await differences(format, files, main);
    const verdict = logits <= 1e-4 && gradients <= 1e-3 ? 'pass' : 'FAIL';
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `| ${name} | ${format.name} | ${logits.toExponential(1)} | ${gradients.toExponential(1)} | ${seconds} | ${verdict} |`,
    );
  } catch (thrown) {
    console.log(`| ${name} | ${format.name} | | | | FAIL: ${String(thrown)} |`);
  }
}

async function differences(
  format: ModelFormat,
  files: ModelFiles,
  main: string,
): Promise<{ logits: number; gradients: number }> {
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
  await model.close();
  return {
    logits: worst(logits.data, numbers('logits')),
    gradients: worst(gradients.data, numbers('grad')),
  };
}

function worst(actual: Float32Array, expected: readonly number[]): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, not ${expected.length}`);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i]! - value) / largest), 0);
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
