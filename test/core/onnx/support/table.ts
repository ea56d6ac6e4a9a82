import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ScanError } from '../../../../core/scan/errors.js';
import { inferred } from './calls.js';
import type { AttributeValue, CallOptions, Operand } from './calls.js';

/** Operands, attributes, expected types or an error code, options. */
export type ShapeCase = readonly [
  operands: readonly Operand[],
  attributes: Readonly<Record<string, AttributeValue>>,
  expected: string,
  options?: CallOptions,
];

/** One test per op, every row against the ONNX definition. */
export function testShapes(table: Readonly<Record<string, readonly ShapeCase[]>>): void {
  for (const [op, cases] of Object.entries(table)) {
    test(`${op} has the shapes of the ONNX definition`, () => {
      for (const [operands, attributes, expected, options] of cases) {
        const what = inspect([operands, attributes, options], { depth: 3, breakLength: Infinity });
        const run = () => inferred(op, operands, attributes, options);
        if (expected.startsWith('model-')) {
          assert.throws(run, (thrown) => {
            assert.ok(thrown instanceof ScanError, `${what}: ${String(thrown)}`);
            assert.equal(thrown.code, expected, `${what}: ${thrown.message}`);
            assert.match(thrown.message, /under_test/);
            return true;
          });
        } else {
          assert.equal(run(), expected, what);
        }
      }
    });
  }
}
