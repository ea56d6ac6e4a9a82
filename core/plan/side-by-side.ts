export interface Lanes {
  /** How many items are worked on at a time at most. */
  readonly most: number;
  /** Nothing new is started once this says so. */
  readonly stopped?: (() => boolean) | undefined;
  /**
   * Where the first lane is cheap and every further one must pay before it helps: calls `open` when that is worth it; what it
   * returns calls it off. Without it all lanes are open from the start.
   */
  readonly later?: ((open: () => void) => () => void) | undefined;
}

/**
 * Works on many items with a bounded number at a time; results are in the order of the items. After a failure nothing new is
 * started; what runs is awaited, then the first failure is thrown.
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  { most, stopped = () => false, later }: Lanes,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const lanes: Promise<void>[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0 && !stopped()) {
      const index = next++;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const openAll = (): void => {
    while (lanes.length < Math.min(most, items.length)) lanes.push(lane());
  };
  lanes.push(lane());
  if (!later) openAll();
  const callOff = later?.(openAll);
  // Takes in the lanes that are opened meanwhile.
  for (const each of lanes) await each;
  callOff?.();
  if (failures.length > 0) throw failures[0];
  return results;
}
