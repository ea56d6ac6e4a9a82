import type { Convert, OpContext } from '../context.js';

/** Reduces over the axes of the second input; ONNX takes no axes for all axes, TensorFlow takes none for none. */
export function reduce(op: string): Convert {
  return (c) => {
    const keepdims = c.bool('keep_dims', false) ? 1 : 0;
    const axes = c.constant(1);
    if (axes?.data.length === 0) return c.input(0);
    return c.emit.op(op, [c.input(0), axesOf(c)], { keepdims });
  };
}

/** TensorFlow takes one axis as a scalar, too. */
function axesOf(c: OpContext): string {
  const scalar = c.typeOf(c.input(1))?.dims.length === 0;
  return scalar ? c.emit.op('Reshape', [c.int64(1), c.vector(1)]) : c.int64(1);
}

/** All and Any: whether the smallest or the largest of 0 and 1 is 1. */
export function reduceBool(op: string): Convert {
  return (c) => {
    const keepdims = c.bool('keep_dims', false) ? 1 : 0;
    const reduced = c.emit.op(op, [c.cast(c.input(0), 'int32'), axesOf(c)], { keepdims });
    return c.cast(reduced, 'bool');
  };
}

export function argExtremum(op: string): Convert {
  return (c) => {
    const axis = c.inputs.length > 1 ? c.integers(1)[0]! : 0;
    const index = c.emit.op(op, [c.input(0)], { axis, keepdims: 0 });
    return c.node.attrs.has('output_type') && c.dtype('output_type') !== 'int64'
      ? c.cast(index, c.dtype('output_type'))
      : index;
  };
}

export const cumulativeSum: Convert = (c) =>
  c.emit.op('CumSum', [c.input(0), c.int64(1)], {
    exclusive: c.bool('exclusive', false) ? 1 : 0,
    reverse: c.bool('reverse', false) ? 1 : 0,
  });

export const topK: Convert = (c) => {
  const k = c.inputs.length > 1 ? c.emit.op('Reshape', [c.int64(1), c.vector(1)]) : c.vector(c.int('k', 1));
  const [values, indices] = c.emit.ops('TopK', [c.input(0), k], 2, { axis: -1 });
  return [values!, c.cast(indices!, c.node.attrs.has('index_type') ? c.dtype('index_type') : 'int32')];
};
