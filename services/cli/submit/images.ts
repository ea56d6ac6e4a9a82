import { putBlob } from '../../../adapters/stores/objects/blobs.js';
import { encodeImageSet } from '../../../adapters/wire/image-set.js';
import type { ImagesReference } from '../../../core/pipeline/order.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import type { ImageSet } from '../../../core/scan/images.js';

/** Stores the clean images once for all models. */
export async function storeImages(store: ObjectStore, images: ImageSet): Promise<ImagesReference> {
  const { digest, count, labels } = images;
  const labelled = labels.filter((label) => label !== undefined).length;
  return { ...(await putBlob(store, encodeImageSet(images))), digest, count, labelled };
}
