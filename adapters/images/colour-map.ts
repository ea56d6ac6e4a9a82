/**
 * Ten evenly spaced anchors of matplotlib's `inferno` (CC0): lightness rises evenly from black to pale yellow, so equal steps
 * of a heat map look equal, also in gray print and to colour-blind readers.
 */
const anchors = [
  '000004',
  '1b0c42',
  '4b0c6b',
  '781c6d',
  'a52c60',
  'cf4446',
  'ed6925',
  'fb9a06',
  'f7d03c',
  'fcffa4',
].map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number, number]);

/** sRGB bytes for a value in 0..1, linear between the anchors. */
export function heatColour(value: number): [number, number, number] {
  const place = value * (anchors.length - 1);
  const below = Math.min(Math.floor(place), anchors.length - 2);
  const share = place - below;
  return anchors[below]!.map((from, i) => Math.round(from + share * (anchors[below + 1]![i]! - from))) as [
    number,
    number,
    number,
  ];
}
