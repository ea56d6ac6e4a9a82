import { uniformSource } from '../../../core/detect/random.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import type { EngineSession } from '../../../core/ports/engine.js';

type Tensors = ReadonlyMap<string, Tensor>;

/**
 * Where a program's outputs are other numbers than the CPU's, in words: where more than one value in a hundred is off by more
 * than a hundredth of the largest. Activations that are nearly tied may fall to the other side, so single values that differ
 * are no sign of a wrong kernel.
 *
 * A gradient that is zero in real arithmetic, such as the one of a sum of Softmax, is nothing but rounding errors, and they are
 * nobody's right ones. Such an output is known by the CPU alone: inputs that are moved by an ulp or two change it altogether. It
 * is held to the size of these changes, which is that of the rounding errors; a kernel that is wrong errs by the size of the
 * terms that cancel, which is millions of times that.
 */
export async function disagreement(found: Tensors, feeds: Tensors, cpu: EngineSession): Promise<string | undefined> {
  const expected = await cpu.run(feeds, [...found.keys()]);
  const suspects: string[] = [];
  for (const [name, { dims, dtype }] of expected) {
    if (found.get(name)!.dims.join() !== dims.join()) {
      return `output '${name}' is [${found.get(name)!.dims.join()}], not [${dims.join()}]`;
    }
    if (dtype !== 'float32') continue;
    const [is, should] = [numbers(found, name), numbers(expected, name)];
    if (shareBeyond(is, should, tolerance * largest(should)) > tolerated) suspects.push(name);
  }
  if (suspects.length === 0) return undefined;
  const noise = await noiseOf(suspects, expected, feeds, cpu);
  for (const name of suspects) {
    const [is, should] = [numbers(found, name), numbers(expected, name)];
    const limit = limitOf(largest(should), noise.get(name)!);
    const share = shareBeyond(is, should, limit);
    if (share > tolerated) {
      return (
        `${Math.ceil(100 * share)} % of output '${name}' differ by more than ${limit.toPrecision(2)}, ` +
        `where the largest is ${largest(should).toPrecision(2)}`
      );
    }
  }
  return undefined;
}

const tolerance = 1e-2;
const tolerated = 1e-2;

/** Enough that an output of few values does not round to the same ones by chance. */
const movedRuns = 4;
/** An ulp of float32 is between 2^-24 and 2^-23 of the number. */
const move = 2 ** -22;
/** Measured: on WebGPU at most 1.3 times the changes on the CPU, for wrong kernels a million times and more. */
const noiseTolerance = 10;

/** A change of half of the largest leaves no digit. Where all runs gave zeros, nothing says what is small. */
function limitOf(most: number, noise: number): number {
  return noise >= most / 2 ? noiseTolerance * noise || 1e-6 : tolerance * most;
}

/** By how much the CPU's own numbers change when the inputs move by rounding errors, but for one value in a hundred. */
async function noiseOf(
  outputs: readonly string[],
  expected: Tensors,
  feeds: Tensors,
  cpu: EngineSession,
): Promise<Map<string, number>> {
  const changes = new Map(outputs.map((name) => [name, new Float32Array(numbers(expected, name).length)]));
  const random = uniformSource(1);
  for (let run = 0; run < movedRuns; run++) {
    const moved = await cpu.run(new Map(Array.from(feeds, ([name, feed]) => [name, movedBy(feed, random)])), outputs);
    for (const [name, change] of changes) {
      const [is, was] = [numbers(moved, name), numbers(expected, name)];
      change.forEach((most, i) => {
        const difference = Math.abs(is[i]! - was[i]!);
        if (difference > most && difference < Infinity) change[i] = difference;
      });
    }
  }
  return new Map(
    Array.from(changes, ([name, change]) => [
      name,
      change.sort()[Math.max(0, Math.ceil((1 - tolerated) * change.length) - 1)] ?? 0,
    ]),
  );
}

function movedBy(feed: Tensor, random: () => number): Tensor {
  if (feed.dtype !== 'float32') return feed;
  return { ...feed, data: (feed.data as Float32Array).map((value) => value * (1 + move * (2 * random() - 1))) };
}

function numbers(tensors: Tensors, name: string): Float32Array {
  return tensors.get(name)!.data as Float32Array;
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
}

/** Also counts where one of the two is no number, or infinite. */
function shareBeyond(found: Float32Array, expected: Float32Array, limit: number): number {
  let count = 0;
  expected.forEach((value, i) => {
    if (!Object.is(value, found[i]) && !(Math.abs(value - found[i]!) <= limit)) count++;
  });
  return expected.length === 0 ? 0 : count / expected.length;
}
