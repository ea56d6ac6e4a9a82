import { LRUCache } from 'lru-cache';
import { getBlob } from '../../adapters/stores/objects/blobs.js';
import { decodeImageSet, maxImageSetBytes } from '../../adapters/wire/image-set.js';
import type { ImagesReference } from '../../core/pipeline/order.js';
import type { ObjectStore } from '../../core/ports/object-store.js';
import { ScanError } from '../../core/scan/errors.js';
import type { ImageSet } from '../../core/scan/images.js';

/** Clean images in memory, the least recently used ones first to go. */
export interface ImageCache {
  /** @throws ScanError `images-unreadable` for a blob that holds no such image set; `storage-failed`. */
  get(reference: ImagesReference): Promise<ImageSet>;
}

export interface ImageCacheOptions {
  readonly store: ObjectStore;
  readonly maxBytes: number;
  readonly onRequest?: (outcome: 'hit' | 'miss') => void;
  readonly onDownload?: (bytes: number) => void;
}

export function createImageCache({ store, maxBytes, onRequest, onDownload }: ImageCacheOptions): ImageCache {
  const sets = new LRUCache<string, { readonly set: ImageSet; readonly bytes: number }>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => Math.max(bytes, 1),
  });
  const fetching = new Map<string, Promise<ImageSet>>();

  const fetch = async (key: string, reference: ImagesReference): Promise<ImageSet> => {
    const blob = await getBlob(store, reference, maxImageSetBytes);
    onDownload?.(blob.length);
    const set = decode(blob, reference.digest);
    sets.set(key, { set, bytes: blob.length });
    return set;
  };
  return {
    get: async (reference) => {
      const key = `${reference.digest} ${reference.sha256}`;
      const known = sets.get(key);
      onRequest?.(known ? 'hit' : 'miss');
      if (known) return known.set;
      const under = fetching.get(key) ?? fetch(key, reference).finally(() => fetching.delete(key));
      fetching.set(key, under);
      return under;
    },
  };
}

function decode(blob: Uint8Array, digest: string): ImageSet {
  try {
    return decodeImageSet(blob, digest);
  } catch (thrown) {
    if (!(thrown instanceof ScanError) || thrown.code !== 'message-malformed') throw thrown;
    throw new ScanError('images-unreadable', `images ${digest}: ${thrown.message}; submit the scan again`, {
      cause: thrown,
    });
  }
}
