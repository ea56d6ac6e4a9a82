import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { ScanError } from '../../core/scan/errors.js';
import type { DecodedImage, PixelImageSet } from '../../core/scan/images.js';
import { interleaveClasses } from './choose.js';
import { decodeImage } from './decode.js';
import { digestOfPixels } from './digest.js';
import { labelsOf, type Labels } from './labels.js';
import { listFolder, type Listing, type ListedFile } from './list.js';
import { whatIsRead, type ImageLimits, type LoadOptions } from './options.js';
import { resizeImage } from './resize.js';

const readable: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg', '.webp']);
/** Pictures too, but not read: leaving them out silently could drop a whole class. */
const notRead: ReadonlySet<string> = new Set(
  '.bmp .gif .tif .tiff .ppm .pgm .pnm .avif .heic .heif .jp2 .jxl .svg'.split(' '),
);

export function isImageName(path: string): boolean {
  return readable.has(extname(path).toLowerCase());
}

export async function loadFolder(root: string, options: LoadOptions, limits: ImageLimits): Promise<PixelImageSet> {
  const listing = await listFolder(root, limits);
  const files = listing.files.filter((file) => isImageName(file.name));
  refuseOtherPictures(root, listing);
  if (files.length === 0) throw new ScanError('images-missing', `${root} holds no images. ${whatIsRead}`);
  return read(files, await labelsOf(root, files, listing, options.labels, limits), options, limits);
}

export async function loadOneImage(path: string, options: LoadOptions, limits: ImageLimits): Promise<PixelImageSet> {
  const files = [{ name: basename(path), path }];
  const listing: Listing = { files, folders: [] };
  const labels: Labels =
    options.labels === undefined
      ? { byFile: new Map() }
      : await labelsOf(dirname(path), files, listing, options.labels, limits);
  return read(files, labels, options, limits);
}

async function read(
  files: readonly ListedFile[],
  labels: Labels,
  options: LoadOptions,
  limits: ImageLimits,
): Promise<PixelImageSet> {
  const all = files.map((file) => labels.byFile.get(file.name));
  const chosen =
    options.order === 'file' ? files.map((_, i) => i).slice(0, options.count) : interleaveClasses(all, options.count);
  const images = await decodeAll(
    chosen.map((i) => files[i]!),
    options.resize,
    limits,
  );
  const chosenLabels = chosen.map((i) => all[i]);
  return {
    kind: 'pixels',
    digest: digestOfPixels(images, chosenLabels),
    count: images.length,
    labels: chosenLabels,
    classNames: labels.classNames,
    images,
  };
}

async function decodeAll(
  files: readonly ListedFile[],
  resize: readonly [number, number] | undefined,
  limits: ImageLimits,
): Promise<DecodedImage[]> {
  const images: DecodedImage[] = [];
  const failures: string[] = [];
  let bytes = 0;
  for (const file of files) {
    try {
      const decoded = await decodeImage(file.name, await readBounded(file.path, limits), limits);
      const image = resize ? resizeImage(decoded, resize) : decoded;
      bytes += image.pixels.byteLength;
      images.push(image);
    } catch (thrown) {
      if (thrown instanceof ScanError) throw thrown;
      failures.push(`${file.path} (${oneLine(thrown)})`);
    }
    if (bytes > limits.maxDecodedBytes) {
      throw new ScanError(
        'images-unreadable',
        `the first ${images.length} images take more than ${mebibytes(limits.maxDecodedBytes)} MiB decoded: resize them with --resize HxW or use fewer images`,
      );
    }
  }
  if (failures.length > 0) {
    const named = failures.slice(0, 5).join(', ');
    const more = failures.length > 5 ? ` and ${failures.length - 5} more` : '';
    throw new ScanError(
      'images-unreadable',
      `${failures.length} of ${files.length} images cannot be read: ${named}${more}. Repair or remove them; no image is left out silently`,
    );
  }
  return images;
}

async function readBounded(path: string, limits: ImageLimits): Promise<Uint8Array> {
  const info = await stat(path);
  if (!info.isFile()) throw new Error('is no regular file');
  if (info.size === 0) throw new Error('is empty');
  if (info.size > limits.maxFileBytes) {
    throw new Error(`has ${info.size} bytes, more than ${mebibytes(limits.maxFileBytes)} MiB`);
  }
  return readFile(path);
}

function refuseOtherPictures(root: string, listing: Listing): void {
  const others = listing.files.filter((file) => notRead.has(extname(file.name).toLowerCase()));
  if (others.length === 0) return;
  throw new ScanError(
    'images-unreadable',
    `${root} holds ${others.length} pictures in a format that is not read, e.g. ${others[0]!.name}: convert them to PNG or move them away. ${whatIsRead}`,
  );
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}

/** sharp reports one line per decoder stage; the first says what is wrong. */
function oneLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.trim().split('\n')[0]!.replace(/:$/, '').slice(0, 200);
}
