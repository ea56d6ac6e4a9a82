/**
 * Which of the images, in name order, are used: round-robin over the classes in ascending order, images without a label
 * last in each round. With equal counts per class and names that sort class by class, this is the name order itself.
 *
 * @returns positions in `labels`, at most `count`, each once.
 */
export function interleaveClasses(labels: readonly (number | undefined)[], count: number): number[] {
  const byClass = new Map<number | undefined, number[]>();
  labels.forEach((label, position) => {
    const group = byClass.get(label);
    if (group) group.push(position);
    else byClass.set(label, [position]);
  });
  const groups = [...byClass.entries()]
    .sort(([a], [b]) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY))
    .map(([, group]) => group);
  const chosen: number[] = [];
  for (let round = 0; chosen.length < Math.min(count, labels.length); round++) {
    for (const group of groups) {
      const position = group[round];
      if (position !== undefined && chosen.length < count) chosen.push(position);
    }
  }
  return chosen;
}

/** Plain code-unit order: the same on every machine and in every locale. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
