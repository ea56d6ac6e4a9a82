import { leftTailIndices } from './mad.js';
import { normalSource } from './random.js';

/** What a detector's value is compared with when no class is special. */
export type NullModel =
  /** The largest of the K left-tail indices of one feature. */
  | { readonly kind: 'largest-of-classes' }
  /** The largest of `features` independent features' indices at one class that was chosen without looking at them. */
  | { readonly kind: 'one-class'; readonly features: number };

/** Simulated distribution of left-tail indices of K independent normal values. */
export interface NullTable {
  /** P(the largest of the K indices >= x). */
  largest(x: number): number;
  /** P(the index of one given class >= x). */
  oneClass(x: number): number;
}

/** Looks up or simulates the table for K classes; the caller keeps the function for as long as it wants the tables kept. */
export type NullTables = (classes: number) => NullTable;

export function nullTables(): NullTables {
  const tables = new Map<number, NullTable>();
  return (classes) => {
    const known = tables.get(classes);
    if (known) return known;
    const table = simulate(classes);
    tables.set(classes, table);
    return table;
  };
}

/** P(a value at least this large) under the null model. Never 0: it is bounded below by the size of the simulation. */
export function pValue(model: NullModel, x: number, classes: number, tables: NullTables): number {
  const table = tables(classes);
  return model.kind === 'largest-of-classes' ? table.largest(x) : 1 - (1 - table.oneClass(x)) ** model.features;
}

/** The null in one sentence, for the report. */
export function describeNull(model: NullModel, classes: number): string {
  const draws = `no class is special: the ${classes} class values of a feature are independent draws from one normal distribution`;
  return model.kind === 'largest-of-classes'
    ? `${draws}, and the value is the largest of their left-tail indices`
    : `${draws}, and the value is the largest index of ${model.features} independent features at one class chosen without looking at them`;
}

/**
 * Holm's step-down correction for several tests on one model: valid however the tests depend on each other. Order is kept.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const corrected = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    corrected[index] = largest;
  });
  return corrected;
}

/** Any fixed number: two runs have to agree, its value has no meaning. */
const seed = 20191118;
/** Repetitions by class count: 10,000 for 10 classes, 1,000 from 100 on, fewer again where sorting would take seconds. */
function repetitionsFor(classes: number): number {
  return Math.max(100, Math.floor(100_000 / classes), Math.min(1_000, Math.floor(1_000_000 / classes)));
}

function simulate(classes: number): NullTable {
  const normal = normalSource(seed);
  const repetitions = repetitionsFor(classes);
  const maxima = new Float64Array(repetitions);
  const all = new Float64Array(repetitions * classes);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const { indices } = leftTailIndices(Array.from({ length: classes }, normal));
    all.set(indices, repetition * classes);
    maxima[repetition] = indices.reduce((a, b) => Math.max(a, b), 0);
  }
  maxima.sort();
  all.sort();
  return { largest: (x) => upperTail(maxima, x), oneClass: (x) => upperTail(all, x) };
}

/** Share of sorted values >= x, counting the observed one among the simulated (Davison & Hinkley 1997, section 4.2.1). */
function upperTail(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return (sorted.length - low + 1) / (sorted.length + 1);
}
