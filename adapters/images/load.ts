import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { ScanError } from '../../core/scan/errors.js';
import type { ImageSet } from '../../core/scan/images.js';
import { isImageName, loadFolder, loadOneImage } from './folder.js';
import { imageLimits, whatIsRead, type LoadOptions } from './options.js';
import { loadArrays } from './raw.js';

export { resizeImages } from './resize.js';
export type { LoadOptions } from './options.js';

/**
 * Reads clean images: a folder of PNG, JPEG and WebP files, one such file, or one `.npy`/`.npz` file.
 *
 * @throws ScanError `images-missing` when there is nothing to read, `images-unreadable` when anything chosen cannot be
 * decoded or labelled: no image is ever left out silently.
 */
export async function loadImages(path: string, options: LoadOptions): Promise<ImageSet> {
  if (!Number.isInteger(options.count) || options.count < 1) {
    throw new ScanError('usage', `the number of images must be a whole number above 0, not ${options.count}`);
  }
  const limits = { ...imageLimits, ...options.limits };
  const info = await stat(path).catch((thrown: unknown) => {
    throw new ScanError('images-missing', `${path}: ${reason(thrown)}. ${whatIsRead}`, { cause: thrown });
  });
  if (info.isDirectory()) return loadFolder(path, options, limits);
  if (!info.isFile()) throw new ScanError('images-missing', `${path} is neither a folder nor a file. ${whatIsRead}`);
  const extension = extname(path).toLowerCase();
  if (extension === '.npy' || extension === '.npz') return loadArrays(path, options, limits);
  if (isImageName(path)) return loadOneImage(path, options, limits);
  throw new ScanError('images-missing', `${path} is no image file. ${whatIsRead}`);
}

function reason(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file or folder';
  if (code === 'EACCES') return 'no permission to read it';
  return thrown instanceof Error ? thrown.message : String(thrown);
}
