/**
 * Works on many items with a bounded number at a time; results are in the order of the items. After a failure, or once
 * `stopped` says so, nothing new is started; what runs is awaited, then the first failure is thrown.
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  lanes: number,
  stopped: () => boolean,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length && failures.length === 0 && !stopped()) {
      const index = next++;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(lanes, items.length)) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
