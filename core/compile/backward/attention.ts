import { numbersOf } from '../../onnx/tensor.js';
import { scaledBy } from './arithmetic.js';
import { reshapeGradient } from './broadcast.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/**
 * Y = P V with P = softmax(S), S = scale Q K' + mask, per image and head:
 * dV = P' dY, dP = dY V', dS = P (dP - sum(dP P)), dQ = scale dS K, dK = scale dS' Q. P is computed again.
 */
export const attention: BackwardRule = (c) => {
  refuseVariants(c);
  const heads = headsOf(c);
  const { emit } = c;
  const [q, k, v] = [0, 1, 2].map((i) => heads.split(c.input(i), c.dims(c.input(i)))) as [Operand, Operand, Operand];
  const size = q.dims[3]!;
  const scale = c.node.attributes.has('scale') ? c.float('scale', 1) : 1 / Math.sqrt(size);
  const weights = emit.op('Softmax', [scores(c, q, k, scale)], { axis: 3 });
  const swapped = (name: string): string => emit.transpose(name, [0, 1, 3, 2]);

  const dY = heads.splitGradient(c.fullDY());
  const dV = (): string => emit.op('MatMul', [swapped(weights), dY.name]);
  const dS = (): Gradient => {
    const dP = emit.op('MatMul', [dY.name, swapped(v.name)]);
    const weighted = emit.op('Mul', [dP, weights]);
    const share = emit.op('Mul', [weights, emit.reduceSum(weighted, [4], true)]);
    return scaledBy(c, { name: emit.op('Sub', [weighted, share]), dims: [...q.dims.slice(0, 3), k.dims[2]!] }, scale);
  };
  const inner = c.needs(0) || c.needs(1) ? dS().name : '';
  const dQ = (): string => emit.op('MatMul', [inner, k.name]);
  const dK = (): string => emit.op('MatMul', [emit.transpose(inner, [0, 1, 2, 4, 3]), q.name]);
  return [
    c.needs(0) ? heads.merge(dQ(), q, c.dims(c.input(0))) : undefined,
    c.needs(1) ? heads.merge(dK(), k, c.dims(c.input(1))) : undefined,
    c.needs(2) ? heads.merge(dV(), v, c.dims(c.input(2))) : undefined,
  ];
};

/** A forward value [N, heads, length, size]. */
interface Operand {
  readonly name: string;
  readonly dims: readonly number[];
}

function refuseVariants(c: BackwardContext): void {
  if (c.hasInput(4) || c.hasInput(5)) c.unsupported('past keys and values');
  if (c.hasInput(6)) c.unsupported('padded sequences');
  if (c.float('softcap', 0) !== 0) c.unsupported('softcap');
  if (c.int('left_window_size', -1) >= 0 || c.int('right_window_size', -1) >= 0) c.unsupported('a window');
  const [q, k] = [c.dims(c.input(0)), c.dims(c.input(1))];
  const grouped = q.length === 3 ? c.int('q_num_heads', 1) !== c.int('kv_num_heads', 1) : q[1] !== k[1];
  if (grouped) c.unsupported('fewer heads for keys than for queries');
}

function scores(c: BackwardContext, q: Operand, k: Operand, scale: number): string {
  const { emit } = c;
  const factor = emit.constant({ dtype: 'float32', dims: [], data: Float32Array.of(scale) });
  const products = emit.op('MatMul', [q.name, emit.transpose(k.name, [0, 1, 3, 2])]);
  const masks = [...givenMask(c), ...causalMask(c, q.dims[2]!, k.dims[2]!)];
  return masks.reduce((sum, mask) => emit.op('Add', [sum, mask]), emit.op('Mul', [products, factor]));
}

/** A float mask is added; a boolean one says who takes part. */
function givenMask(c: BackwardContext): string[] {
  if (!c.hasInput(3)) return [];
  const mask = c.constant(c.input(3)) ?? c.unsupported('a mask that depends on the image');
  if (mask.dtype !== 'bool') return [c.input(3)];
  return [additive(c, mask.dims, numbersOf(mask))];
}

function causalMask(c: BackwardContext, queries: number, keys: number): string[] {
  if (c.int('is_causal', 0) === 0) return [];
  const seen = Array.from({ length: queries * keys }, (_, i) => (i % keys <= Math.floor(i / keys) ? 1 : 0));
  return [additive(c, [queries, keys], seen)];
}

function additive(c: BackwardContext, dims: readonly number[], takesPart: readonly number[]): string {
  const data = Float32Array.from(takesPart, (yes) => (yes ? 0 : Number.NEGATIVE_INFINITY));
  return c.emit.constant({ dtype: 'float32', dims, data }, 'mask');
}

/** Operands are [N, heads, length, size], or [N, length, heads size]. */
function headsOf(c: BackwardContext): {
  split(name: string, dims: readonly number[]): Operand;
  splitGradient(gradient: Gradient): Gradient;
  merge(name: string, operand: Operand, dims: readonly number[]): Gradient;
} {
  const { emit } = c;
  const flat = c.dims(c.input(0)).length === 3;
  const count = c.int('q_num_heads', 1);
  const apart = (dims: readonly number[]): number[] => [dims[0]!, dims[1]!, count, dims[2]! / count];
  const headed = (dims: readonly number[]): number[] => [dims[0]!, count, dims[1]!, dims[2]! / count];
  return {
    split: (name, dims) =>
      flat
        ? { name: emit.transpose(emit.reshape(name, apart(dims)), [0, 2, 1, 3]), dims: headed(dims) }
        : { name, dims },
    splitGradient: (gradient) => {
      if (!flat) return gradient;
      const name = reshapeGradient(emit, gradient.name, apart(gradient.dims));
      return { name: emit.transpose(name, [0, 1, 3, 2, 4]), dims: headed(gradient.dims) };
    },
    merge: (name, operand, dims) => {
      if (!flat) return { name, dims: operand.dims };
      return { name: reshapeGradient(emit, emit.transpose(name, [0, 1, 3, 2, 4]), dims), dims };
    },
  };
}
