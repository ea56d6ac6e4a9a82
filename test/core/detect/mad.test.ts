import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leftTailIndices, median } from '../../../core/detect/mad.js';
import { ScanError } from '../../../core/scan/errors.js';

test('the index counts deviations below the median and is 0 above it', () => {
  const { indices, median: middle, mad } = leftTailIndices([10, 11, 12, 13, 2]);
  assert.deepEqual([middle, mad], [11, 1]);
  assert.deepEqual(indices, [1 / 1.4826, 0, 0, 0, 9 / 1.4826]);
});

test('with MAD 0 nothing is an outlier, however far away it is', () => {
  const { indices, mad } = leftTailIndices([5, 5, 5, 5, -1e9]);
  assert.equal(mad, 0);
  assert.deepEqual(indices, [0, 0, 0, 0, 0]);
});

test('NaN, infinity and no values are errors, not indices', () => {
  for (const values of [[1, 2, NaN], [1, 2, -Infinity], [Infinity, 1, 2], []]) {
    assert.throws(() => leftTailIndices(values), ScanError);
  }
});

test('the median of an even count lies between the middle values', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([3]), 3);
});

test('indices do not change with unit and offset, and follow their class in any order', () => {
  const distinct = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 5, maxLength: 20 });
  fc.assert(
    fc.property(
      distinct,
      fc.integer({ min: -6, max: 6 }),
      fc.integer({ min: -99, max: 99 }),
      (values, power, offset) => {
        const { indices } = leftTailIndices(values);
        const moved = leftTailIndices(values.map((value) => value * 2 ** power + offset)).indices;
        moved.forEach((index, i) => {
          assert.ok(Math.abs(index - indices[i]!) < 1e-9);
        });
        assert.deepEqual(leftTailIndices([...values].reverse()).indices, [...indices].reverse());
        assert.ok(indices.filter((index) => index > 0).length <= values.length / 2);
      },
    ),
  );
});
