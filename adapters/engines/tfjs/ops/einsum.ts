import { einsumTerms } from '../../../../core/onnx/shapes/einsum.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { transposed } from '../shapes.js';
import { multiplied } from './matmul.js';

interface Term {
  readonly x: TfTensor;
  readonly labels: readonly string[];
  readonly dims: readonly number[];
}

/** Operands are multiplied from the left, two at a time, as batched matrix products. */
export const einsum: KernelTable = kernels('float', {
  Einsum: (c) => {
    const { inputs, output } = einsumTerms(c.op);
    const rank = Math.max(0, ...inputs.map((labels, i) => hidden(labels, c.dims(i))));
    const wanted = named(output, rank, rank);
    const terms = inputs.map((labels, i) => termOf(c, i, named(labels, hidden(labels, c.dims(i)), rank)));
    const result = terms.slice(1).reduce((left, right, i) => {
      const later = new Set([...wanted, ...terms.slice(i + 2).flatMap(({ labels }) => labels)]);
      return product(c.tf, left, right, later);
    }, terms[0]!);
    const kept = summed(c.tf, result, new Set(wanted));
    return transposed(
      c.tf,
      kept.x,
      kept.dims,
      wanted.map((label) => kept.labels.indexOf(label)),
    );
  },
});

function hidden(labels: readonly string[], dims: readonly number[]): number {
  return labels.includes('...') ? dims.length - labels.length + 1 : 0;
}

/** The axes of an ellipsis are numbered from the last one. */
function named(labels: readonly string[], own: number, rank: number): string[] {
  return labels.flatMap((label) =>
    label === '...' ? Array.from({ length: own }, (_, i) => `.${rank - own + i}`) : [label],
  );
}

/** Repeated labels take the diagonal. Axes of one element that broadcast stay out until the end. */
function termOf(c: KernelCall, index: number, labels: readonly string[]): Term {
  if (new Set(labels).size === labels.length) return { x: c.x(index), labels, dims: c.dims(index) };
  const own = [...new Set(labels)];
  const dims = own.map((label) => c.dims(index)[labels.indexOf(label)]!);
  const strides = c.dims(index).map((_, axis) => sizeOf(c.dims(index).slice(axis + 1)));
  const steps = own.map((label) => strides.reduce((sum, step, axis) => sum + (labels[axis] === label ? step : 0), 0));
  const positions = new Int32Array(sizeOf(dims)).map((_, i) => {
    let [rest, at] = [i, 0];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at += (rest % dims[axis]!) * steps[axis]!;
      rest = Math.floor(rest / dims[axis]!);
    }
    return at;
  });
  const flat = c.x(index, [sizeOf(c.dims(index))]);
  return { x: c.tf.gather(flat, c.tf.tensor(positions, [positions.length], 'int32'), 0), labels: own, dims };
}

/** Without the labels nobody needs. */
function summed(tf: Tf, term: Term, needed: ReadonlySet<string>): Term {
  const gone = term.labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
  if (gone.length === 0) return term;
  const kept = term.labels.flatMap((_, axis) => (gone.includes(axis) ? [] : [axis]));
  const dims = kept.map((axis) => term.dims[axis]!);
  const moved = transposed(tf, term.x, term.dims, [...kept, ...gone]);
  return {
    x: tf.sum(tf.reshape(moved, [sizeOf(dims), sizeOf(gone.map((axis) => term.dims[axis]!))]), [1]),
    labels: kept.map((axis) => term.labels[axis]!),
    dims,
  };
}

/** Axes of one element in one operand alone are dropped there: the other one has the label. */
function squeezed(term: Term, other: Term): Term {
  const kept = term.labels.flatMap((label, axis) => {
    const at = other.labels.indexOf(label);
    return term.dims[axis] === 1 && at >= 0 && other.dims[at] !== 1 ? [] : [axis];
  });
  return { x: term.x, labels: kept.map((axis) => term.labels[axis]!), dims: kept.map((axis) => term.dims[axis]!) };
}

/** Sums over the labels that both have and nobody needs later. */
function product(tf: Tf, first: Term, second: Term, later: ReadonlySet<string>): Term {
  const a = summed(tf, squeezed(first, second), new Set([...later, ...second.labels]));
  const b = summed(tf, squeezed(second, first), new Set([...later, ...a.labels]));
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => later.has(label));
  const inner = shared.filter((label) => !later.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const size = (term: Term, labels: readonly string[]): number[] =>
    labels.map((label) => term.dims[term.labels.indexOf(label)]!);
  const order = (term: Term, labels: readonly string[]): TfTensor =>
    transposed(
      tf,
      term.x,
      term.dims,
      labels.map((label) => term.labels.indexOf(label)),
    );
  const [n, m, k, p] = [size(a, batch), size(a, rows), size(a, inner), size(b, columns)];
  const x = multiplied(
    tf,
    order(a, [...batch, ...rows, ...inner]),
    [sizeOf(n), sizeOf(m), sizeOf(k)],
    order(b, [...batch, ...inner, ...columns]),
    [sizeOf(n), sizeOf(k), sizeOf(p)],
  );
  return { x, labels: [...batch, ...rows, ...columns], dims: [...n, ...m, ...p] };
}
