import type { Value } from '../build.js';
import type { LayerCall, LayerRule } from '../layer.js';
import { axesParameter, first, operandValues, parameter } from './operands.js';

export function unary(op: string): LayerRule {
  return (call) => call.build.unary(op, first(call));
}

export function arithmetic(op: string): LayerRule {
  return (call) => {
    const [a, b] = two(call);
    return call.build.binary(op, a, b);
  };
}

export function reduction(op: string): LayerRule {
  return (call) => {
    const x = first(call);
    const axes = axesParameter(call, x, ['axis', 'axes'], 1);
    if (axes.includes(0)) return call.refuse('reduces over the batch');
    return call.build.reduce(op, x, axes, parameter(call, 'keepdims', 2) === true);
  };
}

export const matmul: LayerRule = (call) => {
  const [left, right] = two(call);
  const turned = (x: Value, name: string): Value =>
    parameter(call, name) === true
      ? call.build.transpose(
          x,
          x.dims.map((_, axis, { length }) => (axis < length - 2 ? axis : 2 * length - 3 - axis)),
        )
      : x;
  for (const name of ['adjoint_a', 'adjoint_b', 'a_is_sparse', 'b_is_sparse'])
    if (parameter(call, name) === true) return call.refuse(`multiplies matrices with ${name}`);
  const [a, b] = [turned(left, 'transpose_a'), turned(right, 'transpose_b')];
  const [rows, inner] = a.dims.slice(-2);
  if (a.dims.length < 2 || b.dims.length < 2 || inner !== b.dims.at(-2))
    return call.fail('multiplies matrices that do not fit');
  const outer = broadcastOuter(call, a, b);
  return call.build.op('MatMul', [a, b], [...outer, rows!, b.dims.at(-1)!]);
};

export const log1p: LayerRule = (call) =>
  call.build.unary('Log', call.build.binary('Add', first(call), call.build.number(1)));

export const expm1: LayerRule = (call) =>
  call.build.binary('Sub', call.build.unary('Exp', first(call)), call.build.number(1));

/** Along one axis, the last unless it is said otherwise. */
export function softmax(op: 'Softmax' | 'LogSoftmax'): LayerRule {
  return (call) => {
    const x = first(call);
    const [axis, ...more] = axesParameter(call, x, ['axis', 'dim'], 1, [-1]);
    if (axis === undefined || more.length > 0) return call.refuse('is a softmax over several axes');
    return call.build.unary(op, x, { axis });
  };
}

function broadcastOuter(call: LayerCall, a: Value, b: Value): Value['dims'] {
  const [longer, shorter] = a.dims.length >= b.dims.length ? [a, b] : [b, a];
  const fits = shorter.dims
    .slice(0, -2)
    .every((dim, i) => dim === longer.dims[longer.dims.length - shorter.dims.length + i]);
  return fits ? longer.dims.slice(0, -2) : call.refuse('multiplies matrices that are broadcast');
}

function two(call: LayerCall): [Value, Value] {
  const [a, b, ...rest] = operandValues(call, ['x', 'x1', 'a', 'y', 'x2', 'b']);
  return a && b && rest.length === 0 ? [a, b] : call.fail('needs two operands');
}
