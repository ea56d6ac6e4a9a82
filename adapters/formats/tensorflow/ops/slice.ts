import type { Convert, OpContext } from '../context.js';

/** Slice(x, begin, size); a size of -1 reaches to the end. */
export const slice: Convert = (c) => {
  const begin = c.int64(1);
  const sizes = c.constant(2) && c.integers(2);
  const starts = c.constant(1) && c.integers(1);
  if (sizes && starts) {
    const ends = sizes.map((size, i) => (size === -1 ? toTheEnd : starts[i]! + size));
    return c.emit.op('Slice', [c.input(0), begin, c.vector(...ends)]);
  }
  const size = c.int64(2);
  const open = c.emit.op('Equal', [size, c.vector(-1)]);
  const ends = c.emit.op('Where', [open, c.vector(toTheEnd), c.emit.op('Add', [begin, size])]);
  return c.emit.op('Slice', [c.input(0), begin, ends]);
};

/**
 * StridedSlice with NumPy's semantics: bit i of a mask is about entry i of begin, end and strides.
 *
 * Entries behind an ellipsis count from the last axis, so that the rank need not be known; new axes are inserted last, in
 * the places of the result.
 */
export const stridedSlice: Convert = (c) => {
  const entries = entriesOf(c);
  const taken = entries.filter(({ kind }) => kind === 'range' || kind === 'index');
  const cut = taken.filter((entry) => !(entry.open && entry.step === 1));
  let value = c.input(0);
  if (cut.length > 0) {
    const starts = join(c, cut, (entry) => entry.start);
    const ends = join(c, cut, (entry) => entry.end);
    const steps = cut.map(({ step }) => step);
    value = c.emit.op('Slice', [
      value,
      starts,
      ends,
      c.vector(...cut.map(({ axis }) => axis)),
      ...(steps.some((step) => step !== 1) ? [c.vector(...steps)] : []),
    ]);
  }
  const dropped = taken.filter(({ kind }) => kind === 'index').map(({ axis }) => axis);
  if (dropped.length > 0) value = c.emit.op('Squeeze', [value, c.vector(...dropped)]);
  const inserted = entries.filter(({ kind }) => kind === 'new').map(({ axis }) => axis);
  return inserted.length > 0 ? c.emit.op('Unsqueeze', [value, c.vector(...inserted)]) : value;
};

interface Entry {
  readonly kind: 'range' | 'index' | 'new';
  /** Of the input; of the result for a new one. */
  readonly axis: number;
  readonly start: number | string;
  readonly end: number | string;
  readonly step: number;
  /** The whole axis. */
  readonly open: boolean;
}

function entriesOf(c: OpContext): Entry[] {
  const steps = c.integers(3);
  const begin = endpoints(c, 1, steps.length);
  const end = endpoints(c, 2, steps.length);
  const mask = (name: string, i: number): boolean => ((c.int(name, 0) >>> i) & 1) === 1;
  const kindOf = (i: number): Entry['kind'] | 'ellipsis' =>
    mask('ellipsis_mask', i)
      ? 'ellipsis'
      : mask('new_axis_mask', i)
        ? 'new'
        : mask('shrink_axis_mask', i)
          ? 'index'
          : 'range';
  const kinds = steps.map((_, i) => kindOf(i));
  const ellipsis = kinds.indexOf('ellipsis');
  if (ellipsis !== kinds.lastIndexOf('ellipsis')) c.malformed('has two ellipses');
  const count = (from: number, to: number, ...skipped: readonly (Entry['kind'] | 'ellipsis')[]): number =>
    kinds.slice(from, to).filter((kind) => !skipped.includes(kind)).length;
  const behind = (i: number): boolean => ellipsis >= 0 && i > ellipsis;
  return steps.flatMap((step, i): Entry[] => {
    const kind = kinds[i]!;
    if (kind === 'ellipsis') return [];
    if (kind === 'new') {
      const axis = behind(i) ? -count(i, kinds.length, 'index') : count(0, i, 'index');
      return [{ kind, axis, start: 0, end: 0, step: 1, open: false }];
    }
    const axis = behind(i) ? -count(i, kinds.length, 'new') : count(0, i, 'new');
    if (kind === 'index') {
      return [{ kind, axis, start: begin.at(i), end: begin.after(i), step: 1, open: false }];
    }
    const [fromStart, toEnd] = [mask('begin_mask', i), mask('end_mask', i)];
    const start = fromStart ? (step > 0 ? 0 : toTheEnd) : begin.at(i);
    const stop = toEnd ? (step > 0 ? toTheEnd : -toTheEnd) : end.at(i);
    return [{ kind, axis, start, end: stop, step, open: fromStart && toEnd }];
  });
}

/** Entries of begin or end: numbers where they are known, else one-element values. */
function endpoints(
  c: OpContext,
  index: number,
  count: number,
): { at: (i: number) => number | string; after: (i: number) => number | string } {
  const known = c.constant(index) && c.integers(index);
  if (known) {
    if (known.length !== count) c.malformed(`has ${known.length} entries in input ${index}, not ${count}`);
    // The element after -1 is none: everything to the end.
    return { at: (i) => known[i]!, after: (i) => (known[i] === -1 ? toTheEnd : known[i]! + 1) };
  }
  const at = (i: number): string => c.emit.slice(c.int64(index), [i], [i + 1], [0]);
  const after = (i: number): string => {
    const last = c.emit.op('Equal', [at(i), c.vector(-1)]);
    return c.emit.op('Where', [last, c.vector(toTheEnd), c.emit.op('Add', [at(i), c.vector(1)])]);
  };
  return { at, after };
}

function join(c: OpContext, entries: readonly Entry[], of: (entry: Entry) => number | string): string {
  const values = entries.map(of);
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === values.length) return c.vector(...numbers);
  const parts = values.map((value) => (typeof value === 'number' ? c.vector(value) : value));
  return parts.length === 1 ? parts[0]! : c.emit.op('Concat', parts, { axis: 0 });
}

/** Beyond any axis; within int32, so that no engine rounds it. */
const toTheEnd = 2 ** 31 - 1;

/** Reverse along the axes of the second input. */
export const reverseV2: Convert = (c) => {
  const axes = c.integers(1);
  if (axes.length === 0) return c.input(0);
  return c.emit.slice(
    c.input(0),
    axes.map(() => -1),
    axes.map(() => -toTheEnd),
    axes,
    axes.map(() => -1),
  );
};

/** Roll(x, shift, axis): the last `shift` elements come first. */
export const roll: Convert = (c) => {
  const [shifts, axes] = [c.integers(1), c.integers(2)];
  let value = c.input(0);
  shifts.forEach((shift, i) => {
    const axis = axes[i] ?? c.malformed('has more shifts than axes');
    if (shift === 0) return;
    const end = c.emit.slice(value, [-shift], [toTheEnd], [axis]);
    const beginning = c.emit.slice(value, [0], [-shift], [axis]);
    value = c.emit.op('Concat', [end, beginning], { axis });
  });
  return value;
};
