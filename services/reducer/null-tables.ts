import { LRUCache } from 'lru-cache';
import { nullTables, type NullTable, type NullTables } from '../../core/detect/p-value.js';

/** A table of 1000 classes has a million numbers. */
const mostTables = 16;

/**
 * Null distributions kept over scans: simulating one takes 0.05 s for ten classes and 0.3 s for a thousand, in which this
 * process does nothing else, and models of one fleet have few class counts. Bounded, because models may have any.
 */
export function keptNullTables(most: number = mostTables): NullTables {
  const kept = new LRUCache<number, NullTable>({ max: most });
  return (classes) => {
    const known = kept.get(classes);
    if (known !== undefined) return known;
    const table = nullTables()(classes);
    kept.set(classes, table);
    return table;
  };
}
