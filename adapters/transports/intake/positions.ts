/**
 * Which messages of one partition were taken and which of them are handled. The low-water mark is what may be committed: all
 * messages before it are handled, whatever the order in which the handlers finished.
 */
export interface Positions {
  /** The first offset that was not taken. */
  readonly next: bigint;
  readonly lowWater: bigint;
  take(offset: bigint): void;
  settle(offset: bigint): void;
}

export function createPositions(first: bigint): Positions {
  // Offsets are taken in rising order and a Set keeps the order of insertion, so its first element is the smallest.
  const open = new Set<bigint>();
  let next = first;
  return {
    get next() {
      return next;
    },
    get lowWater() {
      const [smallest] = open;
      return smallest ?? next;
    },
    take(offset) {
      if (offset < next) throw new RangeError(`offset ${offset} was taken before; the next one is ${next}`);
      open.add(offset);
      next = offset + 1n;
    },
    settle(offset) {
      open.delete(offset);
    },
  };
}
