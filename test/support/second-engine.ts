import assert from 'node:assert/strict';
import { createTfjsEngine } from '../../adapters/engines/tfjs/index.js';
import { tfjsOps } from '../../adapters/engines/tfjs/ops/index.js';
import type { Graph, Tensor } from '../../core/onnx/graph.js';
import { numbersOf } from '../../core/onnx/tensor.js';
import { ScanError } from '../../core/scan/errors.js';

const engine = createTfjsEngine({ provider: 'cpu' });
/** Of the largest number of an output. */
const tolerance = 1e-4;
/** Seeds and operands are about 1: where the exact gradient is zero, rounding leaves this much of terms that cancel. */
const rounding = 1e-6;

/**
 * TensorFlow.js gives the outputs that onnxruntime gave, or refuses the program by the name of an op that it does not claim.
 *
 * @param anyOrder the program leaves the order of its numbers to the engine
 */
export async function checkOnTfjs(
  program: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  expected: ReadonlyMap<string, Tensor>,
  anyOrder = false,
): Promise<void> {
  const lacking = lackingOnTfjs(program);
  if (lacking.length > 0) {
    await assert.rejects(engine.load(program), refusal(lacking));
    return;
  }
  const session = await engine.load(program);
  try {
    const found = await session.run(feeds, [...expected.keys()]);
    for (const [name, tensor] of expected) compare(name, found.get(name), tensor, anyOrder);
  } finally {
    await session.dispose();
  }
}

/** Ops of a program, each once, that the interpreter has no kernel for. */
export function lackingOnTfjs({ nodes }: Graph): string[] {
  return [...new Set(nodes.filter(({ domain, op }) => domain !== '' || !tfjsOps.has(op)).map(({ op }) => op))];
}

function refusal(ops: readonly string[]): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof ScanError, String(thrown));
    assert.equal(thrown.code, 'engine-failed');
    assert.ok(
      ops.some((op) => thrown.message.includes(`(${op}): there is no kernel for this op`)),
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
