import { hasBlob } from '../../../adapters/stores/objects/blobs.js';
import { concludeScan, registerScan } from '../../../core/pipeline/index.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import type { Reason } from '../../../core/scan/result.js';
import type { ScanProgress } from '../../../workflows/scan-model/contract.js';
import { countVerdict } from '../../common/count-verdict.js';
import type { ActivityParts } from './parts.js';

/** Makes the scan known first, so that whatever else goes wrong has a scan to be written to. */
export async function acquire(parts: ActivityParts, order: ScanOrder): Promise<ScanProgress> {
  const { store, metrics } = parts;
  const progress = await registerScan(store, order);
  if (progress.state === 'judged') return progress;
  const reason = await whatIsMissing(parts, order);
  if (!reason) return progress;
  const concluded = await concludeScan(store, order.scanId, reason);
  if (concluded.verdict) countVerdict(metrics, concluded.verdict);
  return concluded.progress;
}

async function whatIsMissing({ objects }: ActivityParts, { model, images }: ScanOrder): Promise<Reason | undefined> {
  const bytes = model.files.reduce((sum, file) => sum + file.bytes, 0);
  const [imagesThere, ...filesThere] = await Promise.all(
    [images, ...model.files].map((blob) => hasBlob(objects, blob)),
  );
  const missing = model.files.find((_, index) => !filesThere[index]);
  if (missing) {
    return {
      code: 'model-not-found',
      message:
        `${model.name}: ${missing.path} (${missing.bytes} bytes, sha256 ${missing.sha256}) of ${bytes} bytes in all ` +
        'is not in the object store; submit the model again',
    };
  }
  if (imagesThere) return undefined;
  return {
    code: 'images-missing',
    message: `the clean images (${images.bytes} bytes, sha256 ${images.sha256}) are not in the object store; submit them again`,
  };
}
