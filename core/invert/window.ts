export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Square windows of the given sizes, clipped to the image, without duplicates. */
export function windowSizes(
  sizes: readonly number[],
  height: number,
  width: number,
): { height: number; width: number }[] {
  const clipped = new Map<string, { height: number; width: number }>();
  for (const size of sizes) {
    const window = { height: Math.min(size, height), width: Math.min(size, width) };
    clipped.set(`${window.height}x${window.width}`, window);
  }
  return [...clipped.values()];
}

/** The window of this size with the largest sum of a [height, width] map; the first in reading order on a tie. */
export function bestWindow(
  map: Float64Array,
  [height, width]: readonly [number, number],
  size: { readonly height: number; readonly width: number },
): Window {
  const sums = integral(map, height, width);
  const at = (row: number, column: number): number => sums[row * (width + 1) + column]!;
  let best: Window = { top: 0, left: 0, ...size };
  let largest = -Infinity;
  for (let top = 0; top + size.height <= height; top++) {
    for (let left = 0; left + size.width <= width; left++) {
      const [bottom, right] = [top + size.height, left + size.width];
      const sum = at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
      if (sum > largest) {
        largest = sum;
        best = { top, left, ...size };
      }
    }
  }
  return best;
}

/** Calls back for every pixel of a window with its position in the [height, width] map. */
export function forEachPixel(
  { top, left, height, width }: Window,
  rowLength: number,
  visit: (pixel: number) => void,
): void {
  for (let row = top; row < top + height; row++) {
    for (let column = left; column < left + width; column++) visit(row * rowLength + column);
  }
}

/** Summed-area table with a zero row and column in front. */
function integral(map: Float64Array, height: number, width: number): Float64Array {
  const sums = new Float64Array((height + 1) * (width + 1));
  for (let row = 0; row < height; row++) {
    let line = 0;
    for (let column = 0; column < width; column++) {
      line += map[row * width + column]!;
      sums[(row + 1) * (width + 1) + column + 1] = sums[row * (width + 1) + column + 1]! + line;
    }
  }
  return sums;
}
