import type { Explanation } from '../../../core/ports/runner.js';
import type { ImageEncoder } from '../../../core/ports/image-encoder.js';
import type { Plane } from '../../../core/scan/result.js';
import { drawPicture } from '../../../adapters/images/encode.js';
import type { DisplayImage } from './display.js';

export interface Cells {
  readonly explanation: Explanation;
  readonly shown: readonly DisplayImage[];
  readonly classes: readonly number[];
}

/** Images on one sheet: more make it unreadable. */
const mostRows = 24;
const gap = 2;

/** One picture: a row per image, first the image, then its heat map for each class. */
export async function explainSheet(encoder: ImageEncoder, cells: Cells): Promise<Uint8Array> {
  const { shown, classes } = cells;
  const rows = shown.slice(0, mostRows);
  const [, height = 1, width = 1] = rows[0]!.plane.dims;
  const zoom = zoomFor(height);
  const sheet = blank(rows.length * (height + gap) - gap, (classes.length + 1) * (width + gap) - gap);
  rows.forEach(({ plane }, row) => {
    const pictures = [plane, ...classes.map((_, k) => heatmapOf(cells, row, k))].map((picture, column) =>
      drawPicture(column === 0 ? { kind: 'plain', plane: picture } : { kind: 'heat', map: picture }),
    );
    pictures.forEach((bitmap, column) => paste(sheet, bitmap, row * (height + gap), column * (width + gap)));
  });
  return encoder.png({ kind: 'plain', plane: sheet }, { zoom });
}

/** [H, W] of one image and one of the chosen classes. */
export function heatmapOf({ explanation }: Cells, image: number, k: number): Plane {
  const [, classes, height, width] = explanation.heatmaps.dims as [number, number, number, number];
  const size = height * width;
  const start = (image * classes + k) * size;
  return { dims: [height, width], data: explanation.heatmaps.data.slice(start, start + size) };
}

/** Small maps are enlarged until details can be seen. */
export function zoomFor(height: number): number {
  return Math.max(1, Math.min(8, Math.round(112 / height)));
}

function blank(height: number, width: number): Plane {
  return { dims: [3, height, width], data: new Float32Array(3 * height * width).fill(1) };
}

function paste(sheet: Plane, bitmap: ReturnType<typeof drawPicture>, top: number, left: number): void {
  const [, height, width] = sheet.dims as [number, number, number];
  for (let row = 0; row < bitmap.height; row++) {
    for (let column = 0; column < bitmap.width; column++) {
      const from = (row * bitmap.width + column) * bitmap.channels;
      const to = (top + row) * width + left + column;
      for (let channel = 0; channel < 3; channel++) {
        const value = bitmap.pixels[from + (bitmap.channels === 3 ? channel : 0)]!;
        sheet.data[channel * height * width + to] = value / 255;
      }
    }
  }
}
