import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { memoryFiles } from '../../adapters/formats/files/memory.js';
import { onnxFormat } from '../../adapters/formats/onnx/index.js';
import { frozenGraph, savedModel } from '../../adapters/formats/tensorflow/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import type { ModelFiles, ModelFormat } from '../../core/ports/model-format.js';
import { largestDifference, openOnGolden } from '../golden.js';

/**
 * Every model of keras.applications, through every way it is saved by TensorFlow, against TensorFlow's own logits and gradients:
 *
 *   node dist/lab/tensorflow-sweep/sweep.js PYTHON keras|tf_keras ROUTE[,ROUTE...] [NAME...]
 *
 * The routes are those of make.py: saved, frozen, onnx, tf2onnx, tf2onnx-eager, tf2onnx-keras. PYTHON needs tensorflow, keras and,
 * as far as they are named, tf_keras and tf2onnx.
 *
 * Prints a table. Every number is a largest difference relative to the largest value:
 *
 * - logits: of ours from TensorFlow in float64. Beyond 1e-4 is a failure;
 * - gradients: of ours from TensorFlow in float64. Beyond 1e-3 is a failure unless TensorFlow's own float32 is off by 3e-4:
 *   where two values nearly tie (ReLU, max-pooling), rounding decides which one the gradient goes through;
 * - TF float32: TensorFlow's own gradients in float32 from those in float64, on the images and, after the slash, at most on images
 *   that were moved by 1e-7;
 * - from TF float32: of our gradients from TensorFlow's in float32.
 */
const [python, framework, routes, ...names] = process.argv.slice(2);
if (!python || !framework || !routes)
  throw new Error('usage: sweep.js PYTHON keras|tf_keras ROUTE[,ROUTE...] [NAME...]');
const exported = [
  { format: savedModel, place: 'saved', main: 'saved_model.pb' },
  { format: frozenGraph, place: 'frozen.pb', main: 'frozen.pb' },
  ...['onnx.onnx', 'tf2onnx.onnx', 'tf2onnx-eager.onnx', 'tf2onnx-keras.onnx'].map((file) => ({
    format: onnxFormat,
    place: file,
    main: file,
  })),
];
const folder = mkdtempSync(join(tmpdir(), 'tensorflow-sweep-'));
const script = join(import.meta.dirname.replace(/\/dist\//, '/'), 'make.py');
const maker = spawn(python, [script, framework, folder, routes, ...names], { stdio: ['pipe', 'pipe', 'ignore'] });

console.log(
  '| model | route | logits | gradients | TF float32 | from TF float32 | seconds | |\n| --- | --- | --- | --- | --- | --- | --- | --- |',
);
for await (const line of createInterface({ input: maker.stdout })) {
  const [state, name = '', ...rest] = line.split(' ');
  if (state === 'FAILED') console.log(`| ${name} | ${rest[0]} | | | | | | not made: ${rest.slice(1).join(' ')} |`);
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
  const route = `${framework} ${main === 'saved_model.pb' ? 'saved' : main.split('.')[0]}`;
  try {
    const { logits, gradients, own, other } = await differences(format, files, main);
    const failed = !(logits <= 1e-4) || (!(gradients <= 1e-3) && own[1]! <= 3e-4);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const numbers = [short(logits), short(gradients), own.map(short).join(' / '), short(other), seconds];
    console.log(`| ${name} | ${route} | ${numbers.join(' | ')} | ${failed ? 'FAIL' : 'pass'} |`);
  } catch (thrown) {
    console.log(`| ${name} | ${route} | | | | | | FAIL: ${String(thrown)} |`);
  }
}

function short(value: number): string {
  return value.toExponential(1);
}

interface Differences {
  readonly logits: number;
  readonly gradients: number;
  /** TensorFlow's float32 from its float64: on the images, and at most on them and their neighbours. */
  readonly own: readonly number[];
  readonly other: number;
}

async function differences(format: ModelFormat, files: ModelFiles, main: string): Promise<Differences> {
  const golden = readNpz(readFileSync(join(folder, 'golden.npz')));
  const numbers = (key: string): number[] => Array.from(golden.get(key)!.data as ArrayLike<number | bigint>, Number);
  const graph = await format.read(files, main, { maxModelBytes: 2 ** 32 });
  const model = await openOnGolden(graph, main, golden);
  const { logits, gradients } = await model.explain({ rule: 'vanilla', classes: numbers('classes') });
  const rectified = await model.explain({ rule: 'rectified', classes: numbers('classes') });
  await model.close();
  const off = largestDifference(rectified.logits.data, numbers('logits'));
  if (!(off <= 1e-4)) throw new Error(`the rectified program's logits are off by ${short(off)}`);
  if (!rectified.gradients.data.some((value) => value !== 0)) throw new Error('the rectified program has no gradients');
  if (!rectified.gradients.data.every(Number.isFinite)) throw new Error('rectified gradients are not finite');
  return {
    logits: largestDifference(logits.data, numbers('logits')),
    gradients: largestDifference(gradients.data, numbers('grad')),
    own: numbers('own'),
    other: largestDifference(gradients.data, numbers('grad32')),
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
