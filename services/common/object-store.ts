import { openObjectStore } from '../../adapters/stores/objects/open.js';
import type { ObjectStore } from '../../core/ports/object-store.js';
import { asScanError, ScanError } from '../../core/scan/errors.js';

/** @throws ScanError `usage` that names the setting. */
export function configuredObjectStore(address: string): ObjectStore {
  try {
    return openObjectStore(address);
  } catch (thrown) {
    const { code, message } = asScanError(thrown);
    throw new ScanError(code, `NEURONINSPECT_OBJECT_STORE is wrong: ${message}`, { cause: thrown });
  }
}
