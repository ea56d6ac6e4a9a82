import { LRUCache } from 'lru-cache';
import { nullTables, type NullTable, type NullTables } from '../../core/detect/p-value.js';

/**
 * Null distributions kept over scans: simulating one takes 0.05 s for ten classes and 0.3 s for a thousand, in which this
 * process does nothing else, and models of one fleet have few class counts. Bounded, because models may have any.
 */
export function keptNullTables(maxBytes: number = 2 ** 27): NullTables {
  const kept = new LRUCache<number, NullTable>({
    maxSize: maxBytes,
    sizeCalculation: (_, classes) => bytesOf(classes),
  });
  return (classes) => {
    const known = kept.get(classes);
    if (known !== undefined) return known;
    const table = nullTables()(classes);
    kept.set(classes, table);
    return table;
  };
}

/** At most: a float64 per class and repetition, of which there are a million in all or a hundred of each class. */
function bytesOf(classes: number): number {
  return 8 * Math.max(1_000_000, 100 * classes);
}
