/**
 * Spreads the partitions of one topic over the members of a group: shares differ by one at most, and whoever has a partition
 * keeps it unless that would be more than its share, because what a member loses it has computed in vain.
 *
 * @param owned what each member says it has; a partition that two claim goes to the first of them.
 * @param taken how much each member has of other topics: who has less gets the larger share.
 */
export function spread<M>(
  partitions: readonly number[],
  owned: ReadonlyMap<M, readonly number[]>,
  taken: ReadonlyMap<M, number> = new Map(),
): Map<M, number[]> {
  const result = new Map<M, number[]>();
  const free = new Set(partitions);
  for (const [member, claimed] of owned) {
    result.set(
      member,
      claimed.filter((partition) => free.delete(partition)),
    );
  }
  const small = Math.floor(partitions.length / result.size);
  const larger = partitions.length % result.size;
  const load = (member: M): number => taken.get(member) ?? 0;
  const byClaim = [...result].sort((a, b) => b[1].length - a[1].length || load(a[0]) - load(b[0]));
  for (const [rank, [, kept]] of byClaim.entries()) {
    for (const partition of kept.splice(small + (rank < larger ? 1 : 0))) free.add(partition);
  }
  const rest = [...free].sort((a, b) => a - b);
  for (const [rank, [, kept]] of byClaim.entries()) {
    kept.push(...rest.splice(0, small + (rank < larger ? 1 : 0) - kept.length));
  }
  return result;
}
