import { createHash, randomUUID } from 'node:crypto';
import type { Lane, ScanOrder } from '../../../core/pipeline/order.js';
import { cascade1 } from '../../../core/scan/profiles.js';

/** An order of a model nobody scanned before, or of the model with this name. */
export function someOrder(lane: Lane = 'gate', name: string = randomUUID()): ScanOrder {
  const hex = (text: string) => createHash('sha256').update(text).digest('hex');
  return {
    scanId: hex(`scan of ${name}`),
    model: {
      name,
      digest: `sha256:${hex(name)}`,
      format: 'onnx',
      files: [{ path: 'model.onnx', sha256: hex(name), bytes: 1000 }],
    },
    images: { digest: `sha256:${hex('images')}`, sha256: hex('blob'), bytes: 500, count: 20, labelled: 20 },
    settings: { profile: cascade1, preprocessing: {}, selection: {} },
    limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 28 },
    lane,
  };
}
