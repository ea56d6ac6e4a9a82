import assert from 'node:assert/strict';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import type { BackwardTable, Gradient } from '../../core/compile/backward/rule.js';
import { differentiate } from '../../core/compile/differentiate.js';
import { createEmitter } from '../../core/compile/emit.js';
import { withRewrites } from '../../core/compile/rewrite.js';
import type { Graph, Tensor } from '../../core/onnx/graph.js';
import { specialise, type StaticGraph } from '../../core/onnx/specialise.js';
import { float32, numbersOf, sizeOf } from '../../core/onnx/tensor.js';
import { upgrade } from '../../core/onnx/upgrade.js';
import { concrete, graphOf, type CaseOptions, type GradientCase } from './gradient-case.js';
import { newRandom, seedOf, type Random } from './random.js';
import { checkOnTfjs } from './second-engine.js';

const engine = createOnnxruntimeEngine({ provider: 'cpu' });
const classes = 2;
const step = 2 ** -5;

/**
 * Compares v . J^T u with u . J v, the latter by central differences of the forward graph in the engine, for two seeds u and
 * random directions v. Every way of keeping axes of the seed lazy must give what the expanded seed gives, and TensorFlow.js
 * what onnxruntime gives.
 */
export async function checkGradient(row: GradientCase, table: BackwardTable, base = 0): Promise<void> {
  const batched = row.operands.some((operand) => operand && 'dims' in operand && operand.dims.includes('N'));
  for (const batch of batched ? (row.options.batches ?? [1, 3]) : [1]) {
    const seed = seedOf(`${row.op} ${row.detail} ${batch}`, base);
    try {
      await checkBatch(row, table, batch, newRandom(seed));
    } catch (thrown) {
      if (thrown instanceof Error) thrown.message += ` (${row.op}: ${row.detail}; N = ${batch}; base seed ${base})`;
      throw thrown;
    }
  }
}

/** What engines are given for a case: forward pass and gradients in one graph. Undefined where no gradient passes. */
export function gradientGraph(row: GradientCase, table: BackwardTable): Graph | undefined {
  const { constants, images } = operandsOf(row, 1, newRandom(0));
  const { program } = compiled(row, table, graphOf(row, constants, 1), images);
  return program.requests.length ? program.graph : undefined;
}

async function checkBatch(row: GradientCase, table: BackwardTable, batch: number, random: Random): Promise<void> {
  const { constants, images } = operandsOf(row, batch, random);
  const raw = graphOf(row, constants, batch);
  const { program, y } = compiled(row, table, raw, images);
  const forward = await engine.load({ ...raw, inputs: raw.inputs.filter(({ name }) => images.has(name)) });
  const session = program.requests.length ? await engine.load(program.graph) : undefined;
  try {
    const seeds = new Map(program.seeds.map(({ name, dims }) => [name, randomTensor(random, [classes, ...dims], {})]));
    const feeds = new Map([...images, ...seeds]);
    const gradients = session ? await session.run(feeds) : new Map<string, Tensor>();
    if (session) await checkOnTfjs(program.graph, feeds, gradients, row.options.anyOrder);
    for (const [input, tensor] of images) {
      const requests = program.requests.filter((request) => request.input === input);
      if (row.options.zero) assert.equal(requests.length, 0, `${input}: a gradient where the derivative is zero`);
      else assert.equal(requests.length, program.seeds.length, `${input} gets no gradient`);
      for (const direction of directionsOf(random, tensor)) {
        const change = await directional(forward, images, input, direction, row.output);
        if (row.options.zero) {
          assert.ok(
            change.every((entry) => Math.abs(entry) < 1e-3),
            'the derivative is not zero',
          );
          continue;
        }
        for (const request of requests) {
          const found = gradients.get(request.output)!;
          assert.deepEqual(
            found.dims,
            [classes, ...request.gradient.dims],
            `${request.output}: dims are not as declared`,
          );
          const seed = seeds.get(request.seed)!;
          compare(row.options, request, { found, seed, direction, change, x: tensor.dims, y });
        }
      }
    }
  } finally {
    await forward.dispose();
    await session?.dispose();
  }
}

function compiled(row: GradientCase, table: BackwardTable, raw: Graph, images: ReadonlyMap<string, Tensor>) {
  const model = upgrade(specialise(raw, new Map([...images].map(([name, { dims }]) => [name, dims])), [row.output]));
  const y = model.types.get(row.output)!.dims;
  return { y, program: gradientProgram(model, table, [...images.keys()], row.output, y) };
}

interface Request {
  readonly input: string;
  readonly seed: string;
  readonly output: string;
  readonly gradient: Gradient;
}

interface Program {
  readonly graph: Graph;
  readonly seeds: readonly { name: string; dims: readonly number[] }[];
  readonly requests: readonly Request[];
}

/** One program with a gradient per image operand and per way of keeping the seed's axes lazy. */
function gradientProgram(
  model: StaticGraph,
  table: BackwardTable,
  inputs: readonly string[],
  output: string,
  y: readonly number[],
): Program {
  const seeds = lazyForms(y).map((dims, i) => ({ name: `seed${i}`, dims }));
  const emit = withRewrites(
    createEmitter(new Set(model.types.keys())),
    new Set(seeds.map(({ name }) => name)),
    (name) => model.types.get(name)?.dims,
  );
  const requests: Request[] = [];
  for (const { name, dims } of seeds)
    for (const input of inputs) {
      const gradient = differentiate(model, table, emit, input, output, { name, dims });
      if (!gradient) continue;
      const type = model.types.get(input)!;
      assert.equal(gradient.dims.length, type.dims.length, `${input}: rank of the gradient`);
      gradient.dims.forEach((dim, axis) => {
        assert.ok(dim === 1 || dim === type.dims[axis], `${input}: [${gradient.dims.join()}]`);
      });
      requests.push({ input, seed: name, output: `${name}.${input}`, gradient });
    }
  const ends = requests.map((request) => ({
    name: request.output,
    op: 'Identity',
    domain: '',
    inputs: [request.gradient.name],
    outputs: [request.output],
    attributes: new Map(),
  }));
  const graph: Graph = {
    ...model.graph,
    inputs: [
      ...model.graph.inputs,
      ...seeds.map(({ name, dims }) => ({ name, dtype: 'float32' as const, dims: ['K', ...dims] })),
    ],
    outputs: requests.map(({ output: name }) => ({ name, dtype: 'float32' as const, dims: undefined })),
    nodes: [...model.graph.nodes, ...emit.nodes, ...ends],
    initializers: new Map([...model.graph.initializers, ...emit.initializers]),
  };
  return { graph, seeds, requests };
}

/** The expanded seed, every single axis lazy, the first with each other, and all of them. */
function lazyForms(dims: readonly number[]): (readonly number[])[] {
  const sets = [[], ...dims.flatMap((_, axis) => (axis ? [[axis], [0, axis]] : [[0]])), dims.map((_, axis) => axis)];
  const forms = new Map<string, readonly number[]>();
  for (const lazy of sets) {
    const form = dims.map((dim, axis) => (lazy.includes(axis) ? 1 : dim));
    forms.set(form.join(), form);
  }
  return [...forms.values()];
}

/** J v by central differences of fourth order. */
async function directional(
  forward: { run: (feeds: ReadonlyMap<string, Tensor>) => Promise<Map<string, Tensor>> },
  images: ReadonlyMap<string, Tensor>,
  input: string,
  direction: Float64Array,
  output: string,
): Promise<Float64Array> {
  const at = async (h: number): Promise<number[]> => {
    const origin = numbersOf(images.get(input)!);
    const moved = float32(
      images.get(input)!.dims,
      origin.map((entry, i) => entry + h * direction[i]!),
    );
    return numbersOf((await forward.run(new Map([...images, [input, moved]]))).get(output)!);
  };
  const [a, b, c, d] = [await at(step), await at(-step), await at(2 * step), await at(-2 * step)];
  return Float64Array.from(a, (_, i) => (8 * (a[i]! - b[i]!) - (c[i]! - d[i]!)) / (12 * step));
}

interface Comparison {
  readonly found: Tensor;
  readonly seed: Tensor;
  readonly direction: Float64Array;
  readonly change: Float64Array;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

function compare({ tolerance = 5e-4 }: CaseOptions, request: Request, all: Comparison): void {
  const gradient = numbersOf(all.found);
  const seed = numbersOf(all.seed);
  const fromX = sourceIndices(all.x, request.gradient.dims);
  const fromY = sourceIndices(all.y, all.seed.dims.slice(1));
  for (let k = 0; k < classes; k++) {
    const xOffset = k * sizeOf(request.gradient.dims);
    const yOffset = (k * seed.length) / classes;
    const analytic = all.direction.reduce((sum, v, i) => sum + v * gradient[xOffset + fromX[i]!]!, 0);
    const terms = all.change.map((entry, i) => entry * seed[yOffset + fromY[i]!]!);
    const numeric = terms.reduce((sum, term) => sum + term, 0);
    const scale = Math.max(0.05, Math.sqrt(terms.reduce((sum, term) => sum + term * term, 0)));
    const difference = Math.abs(analytic - numeric) / scale;
    assert.ok(
      difference <= tolerance,
      `${request.input}, seed [${all.seed.dims.join()}], gradient [${request.gradient.dims.join()}]: ` +
        `finite differences ${numeric}, program ${analytic}`,
    );
  }
}

/** For every element of a tensor of `dims` the element of one whose lazy axes have extent 1. */
function sourceIndices(dims: readonly number[], lazy: readonly number[]): Int32Array {
  const indices = new Int32Array(sizeOf(dims));
  for (let i = 0; i < indices.length; i++) {
    let [rest, index, scale] = [i, 0, 1];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const at = rest % dims[axis]!;
      rest = Math.floor(rest / dims[axis]!);
      if (lazy[axis] !== 1) index += at * scale;
      scale *= lazy[axis]!;
    }
    indices[i] = index;
  }
  return indices;
}

/** Every single element of a small operand; of a larger one some, and mixtures of all. */
function directionsOf(random: Random, { data }: Tensor): Float64Array[] {
  const elements = Array.from(data as Float32Array, (_, i) => i);
  const singles = random.shuffle(elements).slice(0, 8);
  return [
    ...singles.map((i) => Float64Array.from(data as Float32Array, (_, j) => (i === j ? 1 : 0))),
    ...Array.from({ length: 4 }, () => Float64Array.from(data as Float32Array, () => random.uniform(-1, 1))),
  ];
}

function operandsOf(
  row: GradientCase,
  batch: number,
  random: Random,
): { constants: Map<string, Tensor>; images: Map<string, Tensor> } {
  const constants = new Map<string, Tensor>();
  const images = new Map<string, Tensor>();
  row.operands.forEach((operand, i) => {
    if (!operand || operand.kind === 'same') return;
    if (operand.kind === 'constant') constants.set(`in${i}`, operand.tensor);
    else {
      const options = operand.range ? { range: operand.range } : row.options;
      const tensor = randomTensor(random, concrete(operand.dims, batch), options, i, row.operands.length);
      (operand.kind === 'image' ? images : constants).set(`in${i}`, tensor);
    }
  });
  return { constants, images };
}

function randomTensor(
  random: Random,
  dims: readonly number[],
  { range, away = [], spaced }: CaseOptions,
  operand = 0,
  operands = 1,
): Tensor {
  const size = sizeOf(dims);
  if (spaced !== undefined) {
    // Interleaved ladders, so that operands are distinct from each other, too.
    const ladder = Array.from(
      { length: size },
      (_, i) => (operands * (i - Math.floor(size / 2)) + operand + 0.5) * spaced,
    );
    return float32(dims, random.shuffle(ladder));
  }
  const [low, high] = range ?? [-1, 1];
  const draw = (): number => {
    for (;;) {
      const drawn = random.uniform(low, high);
      if (away.every((kink) => Math.abs(drawn - kink) > 3 * step)) return drawn;
    }
  };
  return float32(dims, Array.from({ length: size }, draw));
}
