import { ScanError } from '../../../core/scan/errors.js';

/** @throws ScanError `storage-failed` for what is no key of an object store (see `ObjectStore.put`). */
export function checkKey(key: string): void {
  if (!isKey(key)) {
    throw new ScanError(
      'storage-failed',
      `object store: ${JSON.stringify(key.slice(0, 80))} is no key; names of A-Z a-z 0-9 . _ - joined by / are, up to 512 characters`,
    );
  }
}

export function isKey(key: string): boolean {
  return key.length <= 512 && key.split('/').every((name) => /^[A-Za-z0-9._-]+$/.test(name) && !/^\.\.?$/.test(name));
}
