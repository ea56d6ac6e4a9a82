import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createEngine } from '../../adapters/engines/create.js';
import { createTfjsEngine } from '../../adapters/engines/tfjs/index.js';
import type { TfjsProvider } from '../../adapters/engines/tfjs/provider.js';
import { memoryFiles } from '../../adapters/formats/files/memory.js';
import { onnxFormat } from '../../adapters/formats/onnx/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { compileProgram } from '../../core/compile/program.js';
import { qualifiedName } from '../../core/compile/op-support.js';
import { bindModel } from '../../core/execute/bind.js';
import { createPrograms, inGroups, oneHot, type BoundModel } from '../../core/execute/programs.js';
import { allNodes } from '../../core/onnx/nodes.js';
import { sizeOf } from '../../core/onnx/tensor.js';
import { largestDifference, type Golden } from '../golden.js';
import { readRows, verdictOf, type Row } from './rows.js';

/**
 * Models of torchvision and timm, exported by PyTorch's exporters, against PyTorch's own logits and gradients in float64:
 *
 *   node dist/lab/pytorch-sweep/sweep.js PYTHON ENGINES EXPORTERS RESULTS LIBRARY:NAME...
 *
 * ENGINES are onnxruntime:cpu, tfjs:node, tfjs:wasm or tfjs:cpu; one with a + runs only programs with an op that it has not run
 * before. $SWEEP_PACKAGES_OF is a file beside the node_modules with tfjs:node, where these are not our own. `make.py` says what the
 * others are and what PYTHON needs. One line of JSON for each run is appended to RESULTS; what is in there is not made again.
 * `table.js RESULTS...` prints them.
 */
const request = { rule: 'vanilla', objective: 'logit', outputs: ['logits', 'gradient'] } as const;
const [python, engineList = '', exporterList = '', results = '', ...specs] = process.argv.slice(2);
if (!python || !results) throw new Error('usage: sweep.js PYTHON ENGINES EXPORTERS RESULTS LIBRARY:NAME...');
const [engines, exporters] = [engineList.split(','), exporterList.split(',')];
const packagesOf = process.env.SWEEP_PACKAGES_OF;
const known = readRows([results]);
const done = new Set(known.map(({ model, exporter }) => model + exporter));
/** By engine: the ops of programs that ran. */
const ran = new Map<string, Set<string>>();
for (const { engine, numbers, programOps = [] } of known) if (engine && numbers) ranOn(engine, programOps);

const folder = mkdtempSync(join(tmpdir(), 'pytorch-sweep-'));
const script = join(import.meta.dirname.replace(/\/dist\//, '/'), 'make.py');
const maker = spawn(python, [script, folder, exporterList, '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
const missing = specs.filter((spec) => exporters.some((exporter) => !done.has(spec + exporter)));
maker.stdin.write(`${missing.join(' ')}\n`);

for await (const line of createInterface({ input: maker.stdout })) {
  const [state, model = '', ...rest] = line.split(' ');
  if (state === 'UNEXPORTED') note({ model, exporter: rest[0]!, verdict: 'unexported', why: rest.slice(1).join(' ') });
  if (state === 'FAILED')
    for (const exporter of exporters) note({ model, exporter, verdict: 'unmade', why: rest.join(' ') });
  if (state !== 'MADE') continue;
  for (const exporter of exporters) {
    const isNew = !done.has(model + exporter) && existsSync(join(folder, exporter, 'model.onnx'));
    if (isNew) await compared(model, exporter);
    rmSync(join(folder, exporter), { recursive: true, force: true });
  }
  maker.stdin.write('\n');
}
rmSync(folder, { recursive: true, force: true });

function note(row: Row): void {
  appendFileSync(results, `${JSON.stringify(row)}\n`);
  console.log(row.model, row.exporter, row.engine ?? '', row.verdict, row.why ?? '', JSON.stringify(row.numbers ?? {}));
}

async function compared(model: string, exporter: string): Promise<void> {
  const seconds: Record<string, number> = {};
  const ops = new Set<string>();
  const message = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
  const golden = readNpz(readFileSync(join(folder, 'golden.npz')));
  let opened: Opened;
  try {
    opened = await open(join(folder, exporter), golden, ops, seconds);
  } catch (thrown) {
    note({ model, exporter, verdict: 'FAIL', why: message(thrown), seconds, ops: [...ops] });
    return;
  }
  const { programOps } = opened;
  for (const wanted of engines) {
    const engine = wanted.replace('+', '');
    if (wanted.startsWith('+') && programOps.every((op) => ran.get(engine)?.has(op))) continue;
    const facts = { model, exporter, engine, seconds, ops: [...ops], programOps };
    try {
      const numbers = await timed(seconds, engine, () => differences(opened, golden, engine));
      note({ ...facts, verdict: verdictOf(numbers), numbers });
      ranOn(engine, programOps);
    } catch (thrown) {
      note({ ...facts, verdict: 'FAIL', why: message(thrown) });
    }
  }
}

function ranOn(engine: string, ops: readonly string[]): void {
  ran.set(engine, new Set([...(ran.get(engine) ?? []), ...ops]));
}

async function timed<T>(seconds: Record<string, number>, what: string, body: () => T | Promise<T>): Promise<T> {
  const start = process.cpuUsage();
  const value = await body();
  const { user, system } = process.cpuUsage(start);
  seconds[what] = Math.round((user + system) / 1e4) / 100;
  return value;
}

interface Opened {
  readonly model: BoundModel;
  readonly programOps: readonly string[];
  readonly nodes: number;
}

/** Reads and binds a model and compiles it by every rule. */
async function open(path: string, golden: Golden, ops: Set<string>, seconds: Record<string, number>): Promise<Opened> {
  const contents = readdirSync(path).map((file) => [file, new Uint8Array(readFileSync(join(path, file)))] as const);
  const graph = await timed(seconds, 'read', () =>
    onnxFormat.read(memoryFiles(new Map(contents), 'model'), 'model.onnx', { maxModelBytes: 2 ** 32 }),
  );
  for (const node of allNodes(graph)) ops.add(qualifiedName(node));
  const { dims } = golden.get('x')!;
  const images = { kind: 'raw', digest: 'sha256:0', count: dims[0]!, labels: [], dims, data: input(golden) } as const;
  const { model } = await timed(seconds, 'bind', () => bindModel(graph, images, {}, {}));
  const programOps = await timed(seconds, 'compile', () => {
    const { inputName, logitsName, layout, unit } = model;
    const programs = (['guided', 'rectified', 'vanilla'] as const).map((rule) =>
      compileProgram(model.bind(model.fixedBatch ?? 1), inputName, logitsName, { ...request, rule, layout, unit }),
    );
    return [...new Set(programs.at(-1)!.nodes.map(qualifiedName))];
  });
  return { model, programOps, nodes: graph.nodes.length };
}

async function differences({ model, nodes }: Opened, golden: Golden, name: string): Promise<Row['numbers'] & {}> {
  const [engine, provider] = name.split(':') as ['tfjs', TfjsProvider];
  const classes = Array.from(golden.get('classes')!.data as ArrayLike<number | bigint>, Number);
  const count = golden.get('x')!.dims[0]!;
  const size = sizeOf(model.inputDims);
  const logits = new Float64Array(count * model.classes);
  const gradients = new Float64Array(count * classes.length * size);
  const runner =
    provider === 'node' && packagesOf
      ? createTfjsEngine({ provider, packagesOf })
      : createEngine({ engine, provider }, 1);
  const programs = createPrograms(runner, model);
  try {
    await inGroups(model, count, count, input(golden), async (data, group, start, used) => {
      const result = await programs.run(request, group, data, oneHot(classes, model.classes));
      const [rows, gradient] = (['logits', 'gradient'] as const).map((key) => result.get(key)!.data as Float32Array);
      logits.set(rows!.subarray(0, used * model.classes), start * model.classes);
      for (let image = 0; image < used; image++)
        for (let k = 0; k < classes.length; k++) {
          const from = (k * group + image) * size;
          gradients.set(gradient!.subarray(from, from + size), ((start + image) * classes.length + k) * size);
        }
    });
  } finally {
    await programs.dispose();
  }
  const floats = (key: string): Float64Array => Float64Array.from(golden.get(key)!.data as ArrayLike<number>);
  return {
    logits: largestDifference(logits, floats('logits')),
    ownLogits: largestDifference(floats('own_logits'), floats('logits')),
    gradients: largestDifference(gradients, floats('gradients')),
    ownGradients: largestDifference(floats('own_gradients'), floats('gradients')),
    nearGradients: floats('near_gradients')[0]!,
    image: model.inputDims[1]!,
    nodes,
  };
}

function input(golden: Golden): Float32Array {
  return Float32Array.from(golden.get('x')!.data as ArrayLike<number>);
}
