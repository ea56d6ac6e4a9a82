import type { Metrics } from '../../../adapters/metrics/registry.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import type { Transport } from '../../../core/ports/transport.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { EncodeImage } from '../../../core/report/format.js';
import type { Logger } from '../../common/logger.js';

/** What activities work with. */
export interface ActivityParts {
  readonly store: ScanStore;
  readonly objects: ObjectStore;
  readonly publish: Transport['publish'];
  readonly encodeImage: EncodeImage;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** For reports. */
  readonly version: string;
}

/** The same parts, with every call that fails counted under the store that failed. */
export function counted(parts: ActivityParts): ActivityParts {
  const { store, objects, publish, metrics } = parts;
  return {
    ...parts,
    store: watched(store, 'postgres', metrics),
    objects: watched(objects, 'objects', metrics),
    publish: watched({ publish }, 'kafka', metrics).publish,
  };
}

function watched<T extends object>(port: T, store: string, metrics: Metrics): T {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, values);
        if (answer instanceof Promise) {
          answer.catch((error: unknown) => {
            if (error instanceof ScanError && error.code === 'storage-failed') metrics.inc('storageErrors', { store });
          });
        }
        return answer;
      };
    },
  });
}
