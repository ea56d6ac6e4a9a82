import { drawPicture, pngEncoder, type Bitmap } from '../../../adapters/images/encode.js';
import type { Explanation } from '../../../core/ports/runner.js';
import { contactSheet } from '../../../core/report/contact-sheet.js';
import { renderExplanation, type Explanation as Page } from '../../../core/report/html/explanation.js';
import type { ImageSet } from '../../../core/scan/images.js';
import type { Plane } from '../../../core/scan/result.js';
import { encodeImage } from '../../common/encode-image.js';

/** Rows beyond this make a picture nobody can read; the arrays have them all. */
const mostRows = 100;

/** A picture with a row per image: the image, then its map for each class. */
export function explanationPng(explanation: Explanation, shown: readonly Plane[]): Promise<Uint8Array> {
  const rows = heatmapsOf(explanation).map((maps, image) => [
    drawPicture({ kind: 'plain', plane: shown[image]! }),
    ...maps.map((map) => drawPicture({ kind: 'heat', map })),
  ]);
  const [height = 1] = rows.map(([bitmap]) => bitmap!.height);
  // Small maps are enlarged until their pixels can be seen.
  const zoom = Math.max(1, Math.min(8, Math.round(112 / height)));
  return pngEncoder.png({ kind: 'plain', plane: colourSheet(rows) }, { zoom });
}

/** One sheet per colour, put together as [3, H, W]. */
function colourSheet(rows: readonly (readonly Bitmap[])[]): Plane {
  const sheets = [0, 1, 2].map((colour) =>
    contactSheet(rows.map((bitmaps) => bitmaps.map((bitmap) => colourOf(bitmap, colour)))),
  );
  const [height, width] = sheets[0]!.dims as [number, number];
  const data = new Float32Array(3 * height * width);
  sheets.forEach((sheet, colour) => {
    data.set(sheet.data, colour * height * width);
  });
  return { dims: [3, height, width], data };
}

function colourOf({ height, width, channels, pixels }: Bitmap, colour: number): Plane {
  const offset = channels === 3 ? colour : 0;
  const data = Float32Array.from({ length: height * width }, (_, i) => pixels[i * channels + offset]! / 255);
  return { dims: [height, width], data };
}

/** A page with the images, the model's answers and the maps. */
export function explanationPage(
  explanation: Explanation,
  set: ImageSet,
  shown: readonly Plane[],
  parts: Omit<Page, 'images' | 'classes'> & { readonly classes: readonly number[] },
): Promise<string> {
  const { labels, classNames } = set;
  const images = heatmapsOf(explanation).map((maps, image) => {
    const predicted = largestLogit(explanation, image);
    const label = labels[image];
    return {
      name: set.kind === 'pixels' ? set.images[image]!.name : `image ${image}`,
      image: shown[image],
      label,
      predicted,
      labelName: label === undefined ? undefined : classNames?.[label],
      predictedName: classNames?.[predicted],
      maps,
    };
  });
  const classes = parts.classes.map((index) => ({ index, name: classNames?.[index] }));
  return renderExplanation({ ...parts, classes, images }, encodeImage);
}

/** [H, W] planes by image and class. */
function heatmapsOf({ heatmaps }: Explanation): Plane[][] {
  const [images, classes, height, width] = heatmaps.dims as [number, number, number, number];
  const size = height * width;
  return Array.from({ length: Math.min(images, mostRows) }, (_, image) =>
    Array.from({ length: classes }, (__, k) => {
      const start = (image * classes + k) * size;
      return { dims: [height, width], data: heatmaps.data.slice(start, start + size) };
    }),
  );
}

function largestLogit({ logits }: Explanation, image: number): number {
  const [, total] = logits.dims as [number, number];
  const row = logits.data.subarray(image * total, (image + 1) * total);
  return row.indexOf(row.reduce((most, value) => Math.max(most, value), -Infinity));
}
