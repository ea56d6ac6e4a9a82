/** The multiple of `divisor` next to a width, not below `least`, nor below nine tenths of it: as MobileNets round widths. */
export function makeDivisible(value: number, divisor: number, least = divisor): number {
  const rounded = Math.max(least, Math.floor(Math.trunc(value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}

/** As Python rounds. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
