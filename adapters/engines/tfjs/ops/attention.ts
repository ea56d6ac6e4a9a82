import { floatOf, intOf } from '../../../../core/onnx/attributes.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { TfTensor } from '../library.js';
import { expanded, transposed } from '../shapes.js';

/** softmax(scale Q K' + mask) V per image and head; the variants the compiler refuses are refused here too. */
export const attention: KernelTable = kernels('moves', {
  Attention: (c) => {
    const { tf, node } = c;
    refuseVariants(c);
    const heads = c.dims(0).length === 3 ? intOf(node, 'q_num_heads', 1) : c.dims(0)[1]!;
    const [q, k, v] = [0, 1, 2].map((i) => stacked(c, i, heads)) as [Stack, Stack, Stack];
    const scale = floatOf(node, 'scale', 1 / Math.sqrt(q.size));
    const products = tf.mul(tf.matMul(q.x, k.x, false, true), tf.scalar(scale));
    const masked = [...masks(c, q, k)].reduce((sum, mask) => tf.add(sum, mask), products);
    // A query that may look at nothing gets zeros.
    const blind = tf.equal(tf.max(masked, [2], true), tf.scalar(Number.NEGATIVE_INFINITY));
    const weights = tf.where(blind, tf.fill(masked.shape, 0, 'float32'), tf.softmax(masked));
    const y = tf.matMul(weights, v.x);
    if (c.dims(0).length === 4) return y;
    return transposed(tf, y, [q.batch, heads, q.length, v.size], [0, 2, 1, 3]);
  },
});

/** [batch * heads, length, size] */
interface Stack {
  readonly x: TfTensor;
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly size: number;
}

function stacked(c: KernelCall, index: number, heads: number): Stack {
  const dims = c.dims(index);
  const flat = dims.length === 3;
  const [batch, length, size] = flat ? [dims[0]!, dims[1]!, dims[2]! / heads] : [dims[0]!, dims[2]!, dims[3]!];
  const moved = flat ? transposed(c.tf, c.x(index), [batch, length, heads, size], [0, 2, 1, 3]) : c.x(index);
  return { x: c.tf.reshape(moved, [batch * heads, length, size]), batch, heads, length, size };
}

function* masks(c: KernelCall, q: Stack, k: Stack): Generator<TfTensor> {
  const { tf } = c;
  const full = [q.batch, q.heads, q.length, k.length];
  const own = (x: TfTensor, dims: readonly number[]): TfTensor =>
    tf.reshape(expanded(tf, x, dims, full), [q.batch * q.heads, q.length, k.length]);
  if (c.has(3)) {
    const given = c.op.types[3]!.dtype === 'bool' ? additive(c, c.x(3)) : c.x(3);
    yield own(given, c.dims(3));
  }
  if (intOf(c.node, 'is_causal', 0) !== 0) {
    const seen = new Float32Array(q.length * k.length).map((_, i) => Number(i % k.length <= Math.floor(i / k.length)));
    yield own(additive(c, tf.tensor(seen, [q.length, k.length], 'float32')), [q.length, k.length]);
  }
}

/** 0 where the flag is 1, minus infinity where it is 0. */
function additive({ tf }: KernelCall, flags: TfTensor): TfTensor {
  const nothing = tf.fill(flags.shape, Number.NEGATIVE_INFINITY, 'float32');
  return tf.where(tf.cast(flags, 'bool'), tf.fill(flags.shape, 0, 'float32'), nothing);
}

function refuseVariants(c: KernelCall): void {
  if (c.op.types.some((type, i) => type && i !== 3 && type.dtype !== 'float32')) c.fail('values that are not float32');
  if (c.has(4) || c.has(5)) c.fail('past keys and values');
  if (c.has(6)) c.fail('padded sequences');
  if (floatOf(c.node, 'softcap', 0) !== 0) c.fail('softcap');
  if (intOf(c.node, 'left_window_size', -1) >= 0 || intOf(c.node, 'right_window_size', -1) >= 0) c.fail('a window');
  if (c.node.outputs.slice(1).some((name) => name !== '')) c.fail('outputs beside the result');
  const [q, k] = [c.dims(0), c.dims(1)];
  const grouped = q.length === 3 ? intOf(c.node, 'q_num_heads', 1) !== intOf(c.node, 'kv_num_heads', 1) : q[1] !== k[1];
  if (grouped) c.fail('fewer heads for keys than for queries');
}
