import type { OpContext } from '../context.js';
import { inChannelsFirst, paddingOf, spatialPair } from './layout.js';

export function maxPool(c: OpContext): string {
  return pool(c, 'MaxPool', c.list('ksize'), c.list('strides'));
}

/** Window and strides as inputs. */
export function maxPoolV2(c: OpContext): string {
  return pool(c, 'MaxPool', c.integers(1), c.integers(2));
}

/** TensorFlow counts no padding into the average. */
export function avgPool(c: OpContext): string {
  return pool(c, 'AveragePool', c.list('ksize'), c.list('strides'));
}

function pool(c: OpContext, op: string, window: readonly number[], strides: readonly number[]): string {
  const attributes = {
    kernel_shape: spatialPair(c, window, 1),
    strides: spatialPair(c, strides, 1),
    ...paddingOf(c),
  };
  return inChannelsFirst(c, c.input(0), (x) => c.emit.op(op, [x], attributes));
}
