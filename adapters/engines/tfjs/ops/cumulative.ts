import { intOf } from '../../../../core/onnx/attributes.js';
import { axisIn } from '../../../../core/onnx/shapes/call.js';
import { kernels, type KernelTable } from '../call.js';
import { around } from '../shapes.js';

export const cumulative: KernelTable = kernels('first', {
  CumSum: (c) => {
    const axis = axisIn(c.op, Number(c.host(1).data[0]), c.dims(0).length);
    const flags = [intOf(c.node, 'exclusive', 0) !== 0, intOf(c.node, 'reverse', 0) !== 0] as const;
    const [outer, extent, inner] = around(c.dims(0), axis);
    if (inner === 1) return c.tf.cumsum(c.x(0, [outer, extent]), 1, ...flags);
    const last = c.tf.transpose(c.x(0, [outer, extent, inner]), [0, 2, 1]);
    return c.tf.transpose(c.tf.cumsum(last, 2, ...flags), [0, 2, 1]);
  },
});
