import { digestOfArray, digestOfPixels } from '../../../../adapters/images/digest.js';
import type { PixelImageSet, RawImageSet } from '../../../../core/scan/images.js';

/** Three small pictures of different sizes, one of them without a label. */
export function pixelSet(): PixelImageSet {
  const images = ([1, 3, 3] as const).map((channels, i) => {
    const [height, width] = [2 + i, 3];
    const pixels = Uint8Array.from({ length: height * width * channels }, (_, at) => (at * 37 + i) % 256);
    return { name: `folder/${i}.png`, height, width, channels, pixels };
  });
  const labels = [1, undefined, 0];
  const digest = digestOfPixels(images, labels);
  return { kind: 'pixels', digest, count: 3, images, labels, classNames: ['stop', 'Vorfahrt ⛛'] };
}

export function rawSet(): RawImageSet {
  const dims = [2, 3, 2, 2];
  const data = Float32Array.from({ length: 24 }, (_, i) => (i - 12) / 7);
  data[0] = -0;
  const labels = [undefined, 9];
  return { kind: 'raw', digest: digestOfArray(dims, data, labels), count: 2, labels, dims, data };
}
