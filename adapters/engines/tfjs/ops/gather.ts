import { intOf } from '../../../../core/onnx/attributes.js';
import { axisIn } from '../../../../core/onnx/shapes/call.js';
import { numbersOf, sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { TfTensor } from '../library.js';
import { taken } from '../shapes.js';
import { counted, positionsThrough } from './positions.js';

/** Indices are read on the host, where they are checked: backends take any value and return something. */
export const gathering: KernelTable = kernels('moves', {
  Gather: (c) => {
    const dims = c.dims(0);
    const axis = axisIn(c.op, intOf(c.node, 'axis', 0), dims.length);
    const extent = dims[axis]!;
    const indices = numbersOf(c.host(1)).map((index) => {
      const positive = index < 0 ? index + extent : index;
      return positive >= 0 && positive < extent ? positive : c.fail(`it takes element ${index} of ${extent}`);
    });
    return taken(c.tf, c.x(0), dims, axis, indices);
  },
  GatherElements: picked,
  GatherND: picked,
  Compress: (c) => {
    const condition = numbersOf(c.host(1));
    const given = intOf(c.node, 'axis', undefined);
    const dims = given === undefined ? [sizeOf(c.dims(0))] : c.dims(0);
    const axis = given === undefined ? 0 : axisIn(c.op, given, dims.length);
    const kept = condition.slice(0, dims[axis]).flatMap((flag, i) => (flag === 0 ? [] : [i]));
    return taken(c.tf, c.x(0), dims, axis, kept);
  },
});

function picked(c: KernelCall): TfTensor {
  const { tf, dims, out, node } = c;
  const positions = c.once(
    [1],
    `${node.op} ${dims(0).join()} ${intOf(node, 'axis', 0)} ${intOf(node, 'batch_dims', 0)}`,
    () => {
      const found = positionsThrough(c, node.op, [counted(dims(0)), c.host(1)], out[0]!.dims);
      return tf.tensor(found, [found.length], 'int32');
    },
  );
  return tf.gather(c.x(0, [sizeOf(dims(0))]), positions, 0);
}
