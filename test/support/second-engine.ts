import assert from 'node:assert/strict';
import { createTfjsEngine } from '../../adapters/engines/tfjs/index.js';
import { tfjsOps } from '../../adapters/engines/tfjs/ops/index.js';
import type { Graph, Tensor } from '../../core/onnx/graph.js';
import { liveNodes } from '../../core/onnx/live.js';
import { numbersOf } from '../../core/onnx/tensor.js';
import { ScanError } from '../../core/scan/errors.js';

const engine = createTfjsEngine({ provider: 'cpu' });
/** Of the largest number of an output. */
const tolerance = 1e-4;
/** Seeds and operands are about 1: where the exact gradient is zero, rounding leaves this much of terms that cancel. */
const rounding = 1e-6;

/** Ops that the interpreter claims, in a form that it refuses when it runs. */
const refusedForms = new Map([['ConvTranspose', 'a transposed convolution over 3 axes']]);

/**
 * TensorFlow.js gives the outputs that onnxruntime gave, or refuses the program by the name of an op that it does not claim or
 * of which it does not claim this form.
 *
 * @param anyOrder the program leaves the order of its numbers to the engine
 */
export async function checkOnTfjs(
  program: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  expected: ReadonlyMap<string, Tensor>,
  anyOrder = false,
): Promise<void> {
  const unclaimed = unclaimedByTfjs(program);
  if (unclaimed.length > 0) {
    await assert.rejects(engine.load(program), refusal(unclaimed, 'there is no kernel for this op'));
    return;
  }
  const session = await engine.load(program);
  try {
    const form = refusedForm(program);
    if (form) {
      await assert.rejects(session.run(feeds, [...expected.keys()]), refusal([form], refusedForms.get(form)!));
      return;
    }
    const found = await session.run(feeds, [...expected.keys()]);
    for (const [name, tensor] of expected) compare(name, found.get(name), tensor, anyOrder);
  } finally {
    await session.dispose();
  }
}

/** Ops of a program, each once, that the interpreter has no kernel for. */
function unclaimedByTfjs({ nodes }: Graph): string[] {
  return [...new Set(nodes.filter(({ domain, op }) => domain !== '' || !tfjsOps.has(op)).map(({ op }) => op))];
}

/** What tfjs does not run of a program: ops without a kernel, or the op of a form that it refuses. */
export function lackingOnTfjs(program: Graph): string[] {
  const form = refusedForm(program);
  return [...unclaimedByTfjs(program), ...(form ? [form] : [])];
}

/** A transposed convolution over three axes, whose weights have rank 5. One that no output needs is never run. */
function refusedForm({ nodes, outputs, initializers }: Graph): string | undefined {
  const kernelRank = (name = ''): number | undefined => initializers.get(name)?.dims.length;
  const live = liveNodes(
    nodes,
    outputs.map(({ name }) => name),
  );
  return live.find(({ op, inputs }) => op === 'ConvTranspose' && kernelRank(inputs[1]) === 5)?.op;
}

function refusal(ops: readonly string[], problem: string): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof ScanError, String(thrown));
    assert.equal(thrown.code, 'engine-failed');
    assert.ok(
      ops.some((op) => thrown.message.includes(`(${op}): ${problem}`)),
      `${thrown.message} does not name ${ops.join(' or ')}`,
    );
    return true;
  };
}

function compare(name: string, found: Tensor | undefined, expected: Tensor, anyOrder: boolean): void {
  assert.ok(found, `tfjs does not give ${name}`);
  assert.equal(found.dtype, expected.dtype, `tfjs: type of ${name}`);
  assert.deepEqual(found.dims, expected.dims, `tfjs: dims of ${name}`);
  const [ours, theirs] = [found, expected].map((tensor) => ordered(numbersOf(tensor), anyOrder)) as [
    number[],
    number[],
  ];
  const largest = theirs.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  const allowed = expected.dtype === 'float32' ? Math.max(tolerance * largest, rounding) : 0;
  theirs.forEach((entry, i) => {
    assert.ok(
      Math.abs(ours[i]! - entry) <= allowed,
      `${name}[${i}]: tfjs ${ours[i]}, onnxruntime ${entry}, largest ${largest}`,
    );
  });
}

function ordered(numbers: number[], anyOrder: boolean): number[] {
  return anyOrder ? numbers.toSorted((a, b) => a - b) : numbers;
}
