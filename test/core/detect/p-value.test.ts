import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeNull, holm, nullTables, pValue } from '../../../core/detect/p-value.js';

const tables = nullTables();

test('an index above 2 without any outlier is as common as simulation says: one model in three with 10 classes', () => {
  const close = (actual: number, expected: number) => {
    assert.ok(Math.abs(actual - expected) < 0.02, `${actual} is not about ${expected}`);
  };
  close(tables(10).largest(2), 0.33);
  close(tables(43).largest(2), 0.64);
  close(tables(10).largest(3.84), 0.05);
  close(tables(43).largest(3.48), 0.05);
});

test('with many classes the index is a normal deviate', () => {
  // Phi(-2) = 0.02275
  assert.ok(Math.abs(tables(1000).oneClass(2) - 0.02275) < 0.001);
});

test('a p-value is never 0, is 1 for no deviation, and falls as the value grows', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 20, noNaN: true }), fc.double({ min: 0, max: 20, noNaN: true }), (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      for (const model of [{ kind: 'largest-of-classes' }, { kind: 'one-class', features: 2 }] as const) {
        assert.ok(pValue(model, high, 10, tables) <= pValue(model, low, 10, tables));
        assert.ok(pValue(model, high, 10, tables) > 0);
        assert.equal(pValue(model, 0, 10, tables), 1);
      }
    }),
  );
});

test('one class chosen in advance is far less likely to stand out than the best of all', () => {
  const one = pValue({ kind: 'one-class', features: 1 }, 3, 10, tables);
  assert.ok(one < pValue({ kind: 'largest-of-classes' }, 3, 10, tables) / 5);
  const two = pValue({ kind: 'one-class', features: 2 }, 3, 10, tables);
  assert.ok(Math.abs(two - (2 * one - one * one)) < 1e-12);
});

test('two simulations agree to the last bit', () => {
  assert.equal(nullTables()(7).largest(2.5), nullTables()(7).largest(2.5));
});

test('a table is simulated once', () => {
  assert.equal(tables(12), tables(12));
});

test('Holm: the smallest is multiplied by the number of tests, order is kept, none exceeds 1', () => {
  assert.deepEqual(holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06]);
  assert.deepEqual(holm([0.9, 0.8]), [1, 1]);
  assert.deepEqual(holm([]), []);
});

test('the null is one sentence that names what was assumed', () => {
  assert.match(describeNull({ kind: 'largest-of-classes' }, 43), /43 class values.*normal.*largest/);
  assert.match(describeNull({ kind: 'one-class', features: 2 }, 10), /2 independent features.*one class/);
});
