import { intOf, stringOf } from '../../../../core/onnx/attributes.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { TfTensor } from '../library.js';
import { counted, positionsThrough } from './positions.js';

/** Elements are chosen from data and updates by their positions, which are computed on the host; the last update wins. */
export const scattering: KernelTable = kernels('moves', {
  Scatter: (c) => scattered(c, 'ScatterElements', 'GatherElements'),
  ScatterElements: (c) => scattered(c, 'ScatterElements', 'GatherElements'),
  ScatterND: (c) => scattered(c, 'ScatterND', 'GatherND'),
});

function scattered(c: KernelCall, op: string, inverse: string): TfTensor | 'host' {
  const { tf, dims, node } = c;
  const reduction = stringOf(node, 'reduction', 'none');
  const [size, count] = [sizeOf(dims(0)), sizeOf(dims(2))];
  const [data, updates] = [c.x(0, [size]), c.x(2, [count])];
  const key = `${op} ${dims(0).join()} ${intOf(node, 'axis', 0)} ${reduction}`;
  if (reduction === 'none') {
    const sources = c.once([1], key, () => {
      const constants = [counted(dims(0)), c.host(1), counted(dims(2), size)];
      return list(c, positionsThrough(c, op, constants, dims(0)));
    });
    return tf.gather(tf.concat([data, updates], 0), sources, 0);
  }
  // Sums of integers wrap around in their own width.
  if (data.dtype !== 'float32') return 'host';
  const targets = (): Int32Array => positionsThrough(c, inverse, [counted(dims(0)), c.host(1)], dims(2));
  if (reduction === 'add') {
    const indices = c.once([1], key, () => tf.tensor(targets(), [count, 1], 'int32'));
    return tf.add(data, tf.scatterND(indices, updates, [size]));
  }
  const rule = { mul: [tf.mul, 1], max: [tf.maximum, -Infinity], min: [tf.minimum, Infinity] }[reduction];
  if (!rule) return c.fail(`the reduction '${reduction}'`);
  const [combine, neutral] = rule as [typeof tf.mul, number];
  const candidates = tf.concat([updates, tf.fill([1], neutral, 'float32')], 0);
  return rounds(targets(), size).reduce((x, sources) => combine(x, tf.gather(candidates, list(c, sources), 0)), data);
}

/** In round r every element meets its r-th update, or the neutral element behind all updates. */
function rounds(targets: Int32Array, size: number): Int32Array[] {
  const met = new Int32Array(size);
  const sources: Int32Array[] = [];
  targets.forEach((target, update) => {
    const round = met[target]!++;
    (sources[round] ??= new Int32Array(size).fill(targets.length))[target] = update;
  });
  return sources;
}

function list(c: KernelCall, positions: Int32Array): TfTensor {
  return c.tf.tensor(positions, [positions.length], 'int32');
}
