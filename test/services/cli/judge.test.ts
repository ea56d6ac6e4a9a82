import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadImages } from '../../../adapters/images/load.js';
import { resultKey } from '../../../adapters/stores/objects/blobs.js';
import { createFileObjectStore } from '../../../adapters/stores/objects/file.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { ScanError } from '../../../core/scan/errors.js';
import { cascade1 } from '../../../core/scan/profiles.js';
import { judgeAll } from '../../../services/cli/submit/judge.js';
import { storeImages } from '../../../services/cli/submit/images.js';
import type { Submission } from '../../../services/cli/submit/order.js';
import { repoRoot } from '../../support/paths.js';
import { samples } from '../../support/sample-results.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const example = join(repoRoot, 'examples/models/digits-clean.onnx');

for (const { absences, giveUpAfter, verdict } of [
  { absences: 2, giveUpAfter: 60, verdict: 'clean' },
  { absences: Infinity, giveUpAfter: 1, verdict: 'inconclusive' },
] as const) {
  test(`a verdict that is there is ${verdict} for whoever waits, the object store being away ${absences} times`, async (t) => {
    const folder = temporaryFolder('judge');
    t.after(() => {
      folder.remove();
    });
    const files = createFileObjectStore(folder.path);
    let left: number = absences;
    const store: ObjectStore = {
      ...files,
      get: (key) => {
        if (left-- > 0) return Promise.reject(new ScanError('storage-failed', 'nobody answers', { retryable: true }));
        return files.get(key);
      },
    };
    const submission: Submission = {
      store,
      images: await storeImages(files, await loadImages(join(repoRoot, 'examples/images'), { count: 10 })),
      imageKind: 'pixels',
      settings: { profile: cascade1, preprocessing: {}, selection: {} },
      limits: { maxModelBytes: 2 ** 31, maxRunBytes: 2 ** 30 },
      lane: 'gate',
    };
    const [result] = await judgeAll([example], {
      submission,
      cluster: {
        start: async ({ scanId }) => {
          const body = Buffer.from(JSON.stringify({ ...samples.clean, scanId }));
          await files.put(resultKey(scanId), body, body.length);
        },
        outcome: () => Promise.resolve({ verdict: 'clean' } as never),
        progress: () => Promise.resolve(undefined),
        close: () => Promise.resolve(),
      },
      progress: { update: () => undefined, finished: () => undefined, note: () => undefined, stop: () => undefined },
      signal: new AbortController().signal,
      timeout: 60,
      giveUpAfter,
    });
    assert.equal(result!.verdict, verdict, JSON.stringify(result!.reason));
    if (verdict === 'inconclusive') assert.equal(result!.reason?.code, 'storage-failed');
  });
}
