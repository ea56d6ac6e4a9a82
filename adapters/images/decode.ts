import type Sharp from 'sharp';
import type { DecodedImage } from '../../core/scan/images.js';
import { ScanError } from '../../core/scan/errors.js';
import type { ImageLimits } from './options.js';

/**
 * Decodes one PNG, JPEG or WebP file to 8 bits, gray (1 channel) or RGB (3 channels). The values are those that common
 * training pipelines (Pillow, OpenCV, TensorFlow) see:
 * - alpha is dropped, the colour stored under it stays;
 * - 16 bits become 8 by their upper byte;
 * - palettes and CMYK become RGB, embedded colour profiles are not applied to RGB and gray;
 * - of an animation the first frame is taken;
 * and the EXIF orientation is applied, so that the picture is upright.
 *
 * @throws Error with a one-line reason.
 */
export async function decodeImage(name: string, bytes: Uint8Array, limits: ImageLimits): Promise<DecodedImage> {
  // Only these three decoders may see the bytes: an SVG under a false name could make its renderer read other files.
  if (!startsLikeAnImage(bytes)) throw new Error('is no PNG, JPEG or WebP data');
  const sharp = await loadSharp();
  const input = { limitInputPixels: limits.maxPixels, failOn: 'error', ignoreIcc: true } as const;
  const { space, depth } = await sharp(bytes, input).metadata();
  const gray = space === 'b-w' || space === 'grey16';
  const wide = depth === 'ushort';
  const { data, info } = await sharp(bytes, input)
    .autoOrient()
    .removeAlpha()
    .toColourspace(gray ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb')
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const channels = gray ? 1 : 3;
  const size = info.height * info.width * channels;
  if (data.length !== size * (wide ? 2 : 1)) throw new Error(`decodes to ${data.length} bytes instead of ${size}`);
  const pixels = wide ? new Uint8Array(size).map((_, i) => data[2 * i + 1]!) : new Uint8Array(data);
  return { name, height: info.height, width: info.width, channels, pixels };
}

/** Loaded on first use: it takes a tenth of a second and many runs need no picture. */
export async function loadSharp(): Promise<typeof Sharp> {
  try {
    return (await import('sharp')).default;
  } catch (thrown) {
    throw new ScanError(
      'images-unreadable',
      'the image library sharp cannot be loaded on this machine: install it again with `npm install --include=optional sharp`, or give the images as .npy',
      { cause: thrown },
    );
  }
}

function startsLikeAnImage(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.byteLength)).toString('latin1');
  return (
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    head.startsWith('\xff\xd8\xff') ||
    (head.startsWith('RIFF') && head.endsWith('WEBP'))
  );
}
