import type { ImageEncoder, Picture, PictureOptions } from '../../core/ports/image-encoder.js';
import { ScanError } from '../../core/scan/errors.js';
import type { Plane } from '../../core/scan/result.js';
import { heatColour } from './colour-map.js';
import { loadSharp } from './decode.js';

/** Encodes pictures as PNG with sharp. */
export const pngEncoder: ImageEncoder = {
  png: encodePng,
  async dataUri(picture, options) {
    return `data:image/png;base64,${Buffer.from(await encodePng(picture, options)).toString('base64')}`;
  },
};

/** Pixels of a picture before encoding: 8 bits, height x width x channels. */
export interface Bitmap {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

export async function encodePng(picture: Picture, options: PictureOptions = {}): Promise<Uint8Array> {
  const bitmap = zoomed(drawPicture(picture), options.zoom ?? 1);
  const sharp = await loadSharp();
  const { height, width, channels } = bitmap;
  return sharp(bitmap.pixels, { raw: { height, width, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9 })
    .toBuffer();
}

export function drawPicture(picture: Picture): Bitmap {
  if (picture.kind === 'plain') return drawPlain(picture.plane);
  const { map } = picture;
  const [channels, height, width] = sizesOf(map);
  if (channels !== 1) throw notAPicture(map, 'a heat map');
  const below = picture.kind === 'overlay' ? drawPlain(picture.image) : undefined;
  if (below && (below.height !== height || below.width !== width)) {
    throw notAPicture(map, `a heat map over an image of ${below.height}x${below.width}`);
  }
  const pixels = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    const heat = clip(map.data[i]!);
    heatColour(heat).forEach((colour, channel) => {
      const under = below ? below.pixels[below.channels === 1 ? i : 3 * i + channel]! : colour;
      // Even the hottest pixel lets a fifth of the image through.
      pixels[3 * i + channel] = Math.round(under + 0.8 * heat * (colour - under));
    });
  }
  return { height, width, channels: 3, pixels };
}

function drawPlain(plane: Plane): Bitmap {
  const [channels, height, width] = sizesOf(plane);
  const size = height * width;
  const pixels = new Uint8Array(channels * size);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < size; i++) {
      pixels[i * channels + channel] = Math.round(255 * clip(plane.data[channel * size + i]!));
    }
  }
  return { height, width, channels, pixels };
}

function zoomed(bitmap: Bitmap, zoom: number): Bitmap {
  if (!Number.isInteger(zoom) || zoom < 1 || zoom > 64) {
    throw new ScanError('internal', `a picture cannot be enlarged ${zoom} times: whole numbers from 1 to 64 can`);
  }
  if (zoom === 1) return bitmap;
  const { channels } = bitmap;
  const height = bitmap.height * zoom;
  const width = bitmap.width * zoom;
  const pixels = new Uint8Array(height * width * channels);
  for (let row = 0; row < height; row++) {
    const from = Math.floor(row / zoom) * bitmap.width;
    for (let column = 0; column < width; column++) {
      const source = (from + Math.floor(column / zoom)) * channels;
      const target = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) pixels[target + channel] = bitmap.pixels[source + channel]!;
    }
  }
  return { height, width, channels, pixels };
}

function sizesOf(plane: Plane): [1 | 3, number, number] {
  const [channels, height, width] = plane.dims.length === 2 ? [1, ...plane.dims] : plane.dims;
  const drawable = plane.dims.length <= 3 && (channels === 1 || channels === 3) && height && width;
  if (!drawable || plane.data.length !== channels * height * width) throw notAPicture(plane, 'a picture');
  return [channels, height, width];
}

function clip(value: number): number {
  return value > 0 ? Math.min(value, 1) : 0;
}

function notAPicture(plane: Plane, what: string): ScanError {
  return new ScanError(
    'internal',
    `${plane.data.length} values of shape [${plane.dims.join(', ')}] cannot be drawn as ${what}`,
  );
}
