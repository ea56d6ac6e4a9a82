import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExact, stringifyExact } from '../../../adapters/wire/json.js';
import { ScanError } from '../../../core/scan/errors.js';

/** Any data, with keys that look like the marks of the encoding. */
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.float32Array({ maxLength: 5 }),
    fc.array(fc.oneof(tie('value'), fc.constant(undefined)), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(
        fc.string(),
        fc.constantFrom('$number', '$float32', '$undefined', '$$number', '$', '__proto__', 'toJSON'),
      ),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

test('every value comes back exactly, also one that looks like the encoding', () => {
  fc.assert(
    fc.property(data, (value) => {
      assert.deepStrictEqual(parseExact(stringifyExact(value)), value);
    }),
    { numRuns: 1000 },
  );
});

test('undefined members are left out, undefined items stay in their place', () => {
  assert.equal(stringifyExact({ a: undefined, b: 1 }), '{"b":1}');
  assert.deepStrictEqual(parseExact(stringifyExact([1, undefined, -0])), [1, undefined, -0]);
  // eslint-disable-next-line no-sparse-arrays -- a hole reads as undefined everywhere else too
  assert.deepStrictEqual(parseExact(stringifyExact([, 1])), [undefined, 1]);
});

test('what would not come back is refused instead of lost', () => {
  for (const value of [
    new Map([[1, 2]]),
    new Set([1]),
    new Uint8Array(3),
    new Float64Array(3),
    Buffer.from('a'),
    new Date(0),
    10n,
    () => 1,
    Symbol('s'),
    undefined,
    { deep: [new Map()] },
  ]) {
    assert.throws(
      () => stringifyExact(value),
      (error) => error instanceof ScanError && error.code === 'internal',
    );
  }
});

test('a text of another kind is refused', () => {
  for (const text of [
    '',
    '{',
    '{"$float32":1}',
    '{"$float32":"AAA=","b":1}',
    '{"$float32":"AAAA"}',
    '{"$number":"1"}',
    '{"$number":"x"}',
    '{"$unknown":1}',
    '{"$undefined":true}',
    '{"a":{"$undefined":true}}',
    '['.repeat(100_000) + ']'.repeat(100_000),
  ]) {
    assert.throws(
      () => parseExact(text),
      (error) => error instanceof ScanError && error.code === 'message-malformed',
      text.slice(0, 40),
    );
  }
});
