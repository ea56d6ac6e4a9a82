import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { compete, qualify, requireSameNumbers, type Contestant } from '../../bench/contest.js';
import { inProcess, inWorkers, type OurWork } from '../../bench/ours.js';
import { largestRelativeDifference, spreadOf } from '../../bench/statistics.js';
import { repoRoot } from '../support/paths.js';

const work: OurWork = {
  path: join(repoRoot, 'examples', 'models', 'digits-backdoored-lower-right.onnx'),
  imagesPath: join(repoRoot, 'examples', 'images'),
  rule: 'guided',
  features: ['gain'],
  images: 4,
  classes: 10,
};

function contestant(name: string, side: Contestant['side'], costs: readonly number[]): Contestant {
  let call = 0;
  return { name, side, run: () => Promise.resolve(costs[call++ % costs.length]!) };
}

suite('the check before anything is timed', () => {
  test('one process and several workers compute the same gains', async () => {
    const [one, many] = [await inProcess(work), await inWorkers(work, 2)];
    try {
      const gains = (await one.run()).values.get('guided.gain')!;
      assert.equal(gains.length, 40);
      assert.ok(gains.every((gain) => gain > 0));
      const agreement = requireSameNumbers((await many.run()).values.get('guided.gain')!, gains, 4, 'digits');
      assert.deepEqual(agreement, { difference: 0, imagesWithNearTie: 0 });
    } finally {
      await one.close();
      await many.close();
    }
  });

  const reference = Float32Array.from({ length: 3 * 40 }, (_, i) => 1 + (i % 11));
  const withChanges = (images: number, factor: number): Float32Array =>
    reference.map((value, i) => (i % 40 < images ? value * factor : value));

  test('numbers that are a little off on many images are refused', () => {
    assert.throws(
      () => requireSameNumbers(withChanges(10, 1.001), reference, 40, 'net'),
      /net.*10 of 40 images.*nothing is timed/,
    );
  });

  test('a near tie on few images passes and is reported', () => {
    const { imagesWithNearTie, difference } = requireSameNumbers(withChanges(2, 1.001), reference, 40, 'net');
    assert.equal(imagesWithNearTie, 2);
    assert.equal(difference, 0);
  });

  test('numbers that are far off, NaN or missing are refused even on one image', () => {
    assert.throws(() => requireSameNumbers(withChanges(1, 1.5), reference, 40, 'net'));
    assert.throws(() => requireSameNumbers(withChanges(1, Number.NaN), reference, 40, 'net'));
    assert.throws(() => requireSameNumbers(reference.subarray(1), reference, 40, 'net'));
  });
});

suite('the contest', () => {
  test('takes ratios within each round, to the best of the others in that round', async () => {
    const result = await compete(
      [
        contestant('ours', 'ours', [1, 2, 1]),
        contestant('loop', 'loop', [6, 6, 6]),
        contestant('a', 'peer', [2, 8, 4]),
        contestant('b', 'peer', [4, 4, 3]),
      ],
      24,
      3,
    );
    assert.deepEqual(result.overLoop, { min: 3, median: 6, max: 6 });
    assert.deepEqual(result.overBest, { min: 2, median: 2, max: 3 });
    assert.deepEqual(result.rates[0], { name: 'ours', side: 'ours', rate: { min: 12, median: 24, max: 24 } });
  });

  test('lets the fastest in and leaves out what fails', async () => {
    const broken: Contestant = { name: 'broken', side: 'peer', run: () => Promise.reject(new Error('no such kernel')) };
    const chosen = await qualify(
      [contestant('slow', 'peer', [5]), broken, contestant('fast', 'peer', [9, 1]), contestant('middle', 'peer', [3])],
      2,
    );
    assert.deepEqual(
      chosen.map(({ name }) => name),
      ['fast', 'middle'],
    );
  });
});

test('statistics refuse what has no answer', () => {
  assert.throws(() => spreadOf([]), RangeError);
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { min: 1, median: 2.5, max: 4 });
  assert.equal(largestRelativeDifference([1, 2], [1, 1]), 1);
  assert.throws(() => largestRelativeDifference([1], [1, 2]), RangeError);
});
