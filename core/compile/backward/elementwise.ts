import { times } from './broadcast.js';
import type { BackwardContext, BackwardRule } from './rule.js';

/** Arithmetic on forward values, for writing a derivative as a formula. */
export interface Formula {
  x: string;
  y: string;
  constant(value: number): string;
  add(a: string, b: string | number): string;
  sub(a: string | number, b: string | number): string;
  mul(a: string, b: string | number): string;
  div(a: string | number, b: string | number): string;
  call(op: string, ...inputs: (string | number)[]): string;
  /** a > b as 0 or 1. */
  greater(a: string | number, b: string | number): string;
}

/** Rule of an elementwise op of one input: dX = dY f'(x). */
export function elementwise(derivative: (f: Formula, c: BackwardContext) => string): BackwardRule {
  return (c) => [times(c, c.lazyDY()!, derivative(formula(c), c), c.dims(c.input(0)))];
}

export function formula(c: BackwardContext): Formula {
  const { emit } = c;
  const constant = (value: number): string =>
    emit.constant({ dtype: 'float32', dims: [], data: Float32Array.of(value) });
  const operand = (value: string | number): string => (typeof value === 'number' ? constant(value) : value);
  const call = (op: string, ...inputs: (string | number)[]): string => emit.op(op, inputs.map(operand));
  return {
    x: c.input(0),
    y: c.output(),
    constant,
    call,
    add: (a, b) => call('Add', a, b),
    sub: (a, b) => call('Sub', a, b),
    mul: (a, b) => call('Mul', a, b),
    div: (a, b) => call('Div', a, b),
    greater: (a, b) => emit.op('Cast', [call('Greater', a, b)], { to: 1 }),
  };
}
