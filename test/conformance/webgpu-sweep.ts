import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { backward } from '../../core/compile/backward/index.js';
import type { Graph, Tensor } from '../../core/onnx/graph.js';
import { upgrade } from '../../core/onnx/upgrade.js';
import type { Engine } from '../../core/ports/engine.js';
import { differences } from './compare.js';
import { readNodeTests } from './node-tests.js';
import { staticOf, supported } from './stages.js';
import { cases } from '../core/compile/backward/cases.js';
import { gradientGraph } from '../support/finite-difference.js';
import { randomFeeds } from '../support/random-feeds.js';

/**
 * What the WebGPU provider makes of the ONNX project's node tests and of the gradients of the backward cases, where the CPU
 * provider computes them: `node dist/test/conformance/webgpu-sweep.js [nodes|gradients]...`. Prints what fails and why. The
 * engine itself refuses wrong numbers; what it lets through and is not the CPU's to 1e-3 of the value counts as other numbers,
 * also where the gradient is nothing but rounding errors. SwiftShader does: scripts/provision-swiftshader.sh, then set
 * VK_ICD_FILENAMES and XDG_RUNTIME_DIR (any folder).
 */
const [cpu, webgpu] = (['cpu', 'webgpu'] as const).map((provider) => createOnnxruntimeEngine({ provider }));
const parts = process.argv.slice(2);
if (parts.length === 0 || parts.includes('nodes')) {
  await sweep('node tests', nodeTests(), (run) => differences(run.webgpu, run.expected));
}
if (parts.length === 0 || parts.includes('gradients')) {
  await sweep('gradients', gradients(), (run) => differences(run.webgpu, run.cpu));
}

interface Case {
  readonly name: string;
  readonly program: Graph;
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly expected?: ReadonlyMap<string, Tensor>;
}

interface Run {
  readonly cpu: ReadonlyMap<string, Tensor>;
  readonly webgpu: ReadonlyMap<string, Tensor>;
  readonly expected: ReadonlyMap<string, Tensor>;
}

async function sweep(title: string, all: Iterable<Case>, problemOf: (run: Run) => string | undefined): Promise<void> {
  const counts = { same: 0, refused: 0, 'other numbers': 0, 'not on the CPU': 0 };
  for (const { name, program, feeds, expected } of all) {
    const outputs = [...(expected?.keys() ?? program.outputs.map((output) => output.name))];
    const right = await outcome(cpu!, program, feeds, outputs);
    if (typeof right === 'string' || (expected && differences(right, expected) !== undefined)) {
      counts['not on the CPU']++;
      continue;
    }
    const found = await outcome(webgpu!, program, feeds, outputs);
    const problem =
      typeof found === 'string' ? found : problemOf({ cpu: right, webgpu: found, expected: expected ?? right });
    counts[problem === undefined ? 'same' : typeof found === 'string' ? 'refused' : 'other numbers']++;
    if (problem !== undefined) console.log(`${name}: ${problem}`);
  }
  console.log(title, counts);
}

async function outcome(
  engine: Engine,
  program: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
): Promise<ReadonlyMap<string, Tensor> | string> {
  try {
    const session = await engine.load(program);
    try {
      return await session.run(feeds, outputs);
    } finally {
      await session.dispose();
    }
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** In the forms of opset 21, the first float input standing for the image, as in the conformance page. */
function* nodeTests(): Generator<Case> {
  for (const each of readNodeTests().tests) {
    const { name, graph, feeds, expected } = each;
    if (!supported(graph)) continue;
    let program: Graph;
    try {
      program = upgrade(staticOf(each)).graph;
    } catch {
      continue;
    }
    yield {
      name,
      program,
      feeds: new Map(program.inputs.map((input) => [input.name, feeds.get(input.name)!])),
      expected,
    };
  }
}

function* gradients(): Generator<Case> {
  for (const row of cases) {
    const program = gradientGraph(row, backward);
    if (!program) continue;
    const name = `${row.op}, ${row.detail}`;
    yield { name, program, feeds: randomFeeds(program, name) };
  }
}
