import { ScanError } from '../scan/errors.js';
import type { Plane } from '../scan/result.js';

/** Pixels between two maps, and their value. */
const gap = 2;
const gapValue = 1;

/**
 * Lays maps out as one picture, a row per image and a column per class, with bright lines between them.
 *
 * @param maps rows of [H, W] planes, all of one shape and all rows of one length.
 * @returns [rows (H + 2) - 2, columns (W + 2) - 2]
 * @throws ScanError `internal` for no maps or maps of different shapes.
 */
export function contactSheet(maps: readonly (readonly Plane[])[]): Plane {
  const [height, width] = maps[0]?.[0]?.dims ?? [];
  const columns = maps[0]?.length ?? 0;
  const fits = (map: Plane): boolean => map.dims.length === 2 && map.dims[0] === height && map.dims[1] === width;
  if (height === undefined || width === undefined || !maps.every((row) => row.length === columns && row.every(fits))) {
    throw new ScanError('internal', 'a contact sheet needs rows of heat maps, all of one shape [H, W]');
  }
  const sheetHeight = maps.length * (height + gap) - gap;
  const sheetWidth = columns * (width + gap) - gap;
  const data = new Float32Array(sheetHeight * sheetWidth).fill(gapValue);
  maps.forEach((row, i) => {
    row.forEach((map, j) => {
      for (let y = 0; y < height; y++) {
        const start = (i * (height + gap) + y) * sheetWidth + j * (width + gap);
        data.set(map.data.subarray(y * width, (y + 1) * width), start);
      }
    });
  });
  return { dims: [sheetHeight, sheetWidth], data };
}
