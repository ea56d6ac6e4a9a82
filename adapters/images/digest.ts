import { createHash } from 'node:crypto';
import type { DecodedImage } from '../../core/scan/images.js';

type Labels = readonly (number | undefined)[];

/** `sha256:<hex>` over shapes, labels and decoded values, in order; file names and encodings do not matter. */
export function digestOfPixels(images: readonly DecodedImage[], labels: Labels): string {
  const hash = createHash('sha256').update('neuroninspect images 1\npixels\n');
  images.forEach((image, i) => {
    hash.update(`${image.height} ${image.width} ${image.channels} ${labels[i] ?? '-'}\n`).update(image.pixels);
  });
  return `sha256:${hash.digest('hex')}`;
}

/** As `digestOfPixels`, for float32 arrays (little-endian, as every engine's platform is). */
export function digestOfArray(dims: readonly number[], data: Float32Array, labels: Labels): string {
  return `sha256:${createHash('sha256')
    .update('neuroninspect images 1\narray\n')
    .update(`${dims.join(' ')}\n${labels.map((label) => label ?? '-').join(' ')}\n`)
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')}`;
}
