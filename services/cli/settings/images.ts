import { ScanError } from '../../../core/scan/errors.js';
import type { ImageSet, Preprocessing } from '../../../core/scan/images.js';

export interface ImageSettings {
  readonly images?: string | undefined;
  readonly labels?: string | undefined;
  readonly resize?: readonly [number, number] | undefined;
}

/** @throws ScanError `usage` without --images, `images-*` for images that cannot be read. */
export async function loadCleanImages(settings: ImageSettings, count: number, order?: 'file'): Promise<ImageSet> {
  const { images, labels, resize } = settings;
  if (images === undefined) {
    throw new ScanError(
      'usage',
      '--images is missing: give a folder of clean images (PNG, JPEG, WebP), or an .npy or .npz file with model inputs',
    );
  }
  const { loadImages } = await import('../../../adapters/images/load.js');
  return loadImages(images, { count, labels, resize, order });
}

export function preprocessingOf({ layout, channels, resize, scale, mean, std }: Preprocessing): Preprocessing {
  return { layout, channels, resize, scale, mean, std };
}
