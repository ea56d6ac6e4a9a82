import { isFloat } from '../../core/onnx/dtypes.js';
import type { Tensor } from '../../core/onnx/graph.js';
import { numbersOf } from '../../core/onnx/tensor.js';

/** What differs, in words; undefined where all outputs are as expected. */
export function differences(
  found: ReadonlyMap<string, Tensor>,
  expected: ReadonlyMap<string, Tensor>,
): string | undefined {
  for (const [name, tensor] of expected) {
    const actual = found.get(name);
    const problem = actual ? difference(actual, tensor) : 'is missing';
    if (problem !== undefined) return `output '${name}' ${problem}`;
  }
  return undefined;
}

export function typeDifference(
  found: { readonly dtype: string; readonly dims: readonly number[] } | undefined,
  expected: Tensor,
): string | undefined {
  const text = ({ dtype, dims }: { readonly dtype: string; readonly dims: readonly number[] }) =>
    `${dtype}[${dims.join()}]`;
  if (!found) return 'has no type';
  return text(found) === text(expected) ? undefined : `is ${text(found)}, not ${text(expected)}`;
}

/**
 * Integers and truth values are compared exactly, floats as the ONNX project's own runner does (1e-3 of the value), but near
 * zero with 1e-6 of the largest value, because float32 sums end where their order takes them.
 */
function difference(found: Tensor, expected: Tensor): string | undefined {
  const type = typeDifference(found, expected);
  if (type !== undefined) return type;
  if (expected.dtype === 'string') {
    return (found.data as readonly string[]).every((text, i) => text === expected.data[i])
      ? undefined
      : 'has other texts';
  }
  if (!isFloat(expected.dtype)) {
    const at = Array.from(found.data as ArrayLike<number | bigint>).findIndex((cell, i) => cell !== expected.data[i]);
    return at < 0 ? undefined : `element ${at} is ${found.data[at]}, not ${expected.data[at]}`;
  }
  const [actual, wanted] = [numbersOf(found), numbersOf(expected)];
  const largest = wanted.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  const at = wanted.findIndex((value, i) => !(Object.is(actual[i], value) || near(actual[i]!, value, largest)));
  return at < 0 ? undefined : `element ${at} is ${actual[at]}, not ${wanted[at]}`;
}

function near(found: number, expected: number, largest: number): boolean {
  if (!Number.isFinite(expected)) return found === expected;
  return Math.abs(found - expected) <= 1e-3 * Math.abs(expected) + 1e-6 * largest + 1e-7;
}
