/**
 * L1 of the 4-neighbour Laplacian of a [height, width] map, zero padded (paper, "Smoothness"): small when highlighted
 * pixels lie together.
 */
export function smooth(map: ArrayLike<number>, height: number, width: number): number {
  const at = (row: number, column: number): number =>
    row < 0 || row >= height || column < 0 || column >= width ? 0 : map[row * width + column]!;
  let sum = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const neighbours = at(row - 1, column) + at(row + 1, column) + at(row, column - 1) + at(row, column + 1);
      sum += Math.abs(neighbours - 4 * at(row, column));
    }
  }
  return sum;
}
