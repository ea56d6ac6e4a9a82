import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createMetrics } from '../../../adapters/metrics/registry.js';
import { openPgliteScanStore } from '../../../adapters/stores/scans/pglite.js';
import { decodeDeadLetter, type DeadLetter } from '../../../adapters/wire/dead-letter.js';
import { encodeTaskResult } from '../../../adapters/wire/task-result.js';
import { planStage, registerScan } from '../../../core/pipeline/index.js';
import type { TaskResult } from '../../../core/pipeline/task.js';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import type { Delivery, Transport } from '../../../core/ports/transport.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { ShardFeatures } from '../../../core/scan/features.js';
import { createLogger } from '../../../services/common/logger.js';
import { createResultHandler } from '../../../services/reducer/handle-result.js';
import { createNoticeTraces } from '../../../services/reducer/notice-traces.js';
import { keptNullTables } from '../../../services/reducer/null-tables.js';
import {
  allAtOnce,
  failed,
  orderOf,
  planned,
  tables,
  workerOf,
  type NoisyModel,
} from '../../core/pipeline/fake-worker.js';

let store: ScanStore;
before(async () => {
  store = await openPgliteScanStore();
});
after(() => store.close());

test('verdicts, findings and results are counted once, whatever is delivered again', async () => {
  const { handle, series, advanced } = handler();
  for (const result of await allResults({ seed: 'counted', target: 7 }, handle)) await handle(delivery(result));
  assert.deepEqual(await series('scans_total'), ['{verdict="backdoored",code="none"} 1']);
  assert.deepEqual(await series('findings_total'), ['{rule="backdoor-trigger"} 1']);
  assert.deepEqual(await series('scan_seconds_count'), ['{lane="gate"} 1']);
  assert.deepEqual(
    (await series('results_total')).filter((line) => !line.includes('saliency')),
    [
      '{stage="inspect",outcome="first"} 1',
      '{stage="confirm",outcome="first"} 1',
      '{stage="inspect",outcome="late"} 1',
      '{stage="confirm",outcome="late"} 1',
    ],
  );
  assert.equal(advanced(), 3);
});

test('results that came ahead are counted, and one that does not fit is a dead letter', async () => {
  const { handle, series, letters, advanced } = handler();
  for (const fits of [true, false]) {
    const model: NoisyModel = { seed: `ahead, ${fits}`, target: 7 };
    const order = orderOf(model);
    await registerScan(store, order);
    await planStage(store, order.scanId, planned);
    const { ahead, ...own } = await allAtOnce(model);
    const [shard, ...others] = ahead as [TaskResult, ...TaskResult[]];
    const unfit = {
      ...shard,
      outcome: { kind: 'features', features: { ...features(shard), values: new Map() } },
    } as const;
    await handle(delivery({ ...own, ahead: [fits ? shard : unfit, ...others] }));
  }
  assert.deepEqual(await series('results_total'), [
    '{stage="inspect",outcome="first"} 2',
    '{stage="saliency",outcome="first"} 1',
    '{stage="confirm",outcome="first"} 1',
  ]);
  assert.deepEqual(await series('scans_total'), ['{verdict="backdoored",code="none"} 1']);
  assert.equal(advanced(), 2);
  assert.deepEqual(
    letters.map(({ reason }) => reason.code),
    ['internal'],
  );
});

test('a scan that fails is counted with its code', async () => {
  const { handle, series } = handler();
  const order = orderOf({ seed: 'fails' });
  await registerScan(store, order);
  const { tasks } = await planStage(store, order.scanId, planned);
  await handle(delivery(failed(tasks[0]!)));
  assert.deepEqual(await series('scans_total'), ['{verdict="inconclusive",code="engine-crashed"} 1']);
});

test('a message that cannot be read is a dead letter, and handled', async () => {
  const { handle, series, letters } = handler();
  await handle({ ...delivery(), value: new Uint8Array([255, 255, 255]), partition: 3, offset: '41' });
  const [letter] = letters;
  assert.equal(letter?.reason.code, 'message-malformed');
  assert.deepEqual([letter.topic, letter.partition, letter.offset, letter.valueBytes], ['results', 3, '41', 3]);
  assert.deepEqual(await series('dead_letters_total'), ['{topic="results",code="message-malformed"} 1']);
  assert.deepEqual(await series('messages_total'), ['{topic="results",outcome="malformed"} 1']);
});

test('a result of an unknown scan is a dead letter that names it', async () => {
  const { handle, letters } = handler();
  const scanId = 'e'.repeat(64);
  await handle(delivery({ ...failedResult(), taskId: `${scanId}/inspect`, scanId }));
  assert.equal(letters[0]?.scanId, scanId);
  assert.match(letters[0].reason.message, /no such scan/);
});

test('while the database is away a message is not handled, so that it comes again', async () => {
  const away = new ScanError('storage-failed', 'no answer', { retryable: true });
  const { handle, series, letters } = handler({ locked: () => Promise.reject(away) });
  await assert.rejects(handle(delivery(failedResult())), away);
  assert.deepEqual(letters, []);
  assert.deepEqual(await series('storage_errors_total'), ['{store="postgres"} 1']);
  assert.deepEqual(await series('messages_total'), ['{topic="results",outcome="redelivered"} 1']);
});

test('an error nobody foresaw does not come again for ever', async () => {
  const { handle, letters } = handler({ locked: () => Promise.reject(new TypeError('x is undefined')) });
  await handle(delivery(failedResult()));
  assert.deepEqual(letters[0]?.reason, { code: 'internal', message: 'x is undefined' });
});

test('a dead letter that cannot be put down leaves the message unhandled', async () => {
  const full = new ScanError('storage-failed', 'the broker does not answer', { retryable: true });
  const { handle } = handler({}, () => Promise.reject(full));
  await assert.rejects(handle({ ...delivery(), value: new Uint8Array([255]) }), full);
});

test('null distributions are kept, but not without bound', () => {
  const kept = keptNullTables(2 ** 24);
  const ten = kept(10);
  assert.equal(kept(10), ten);
  assert.equal(ten.largest(2), tables(10).largest(2));
  kept(11);
  kept(12);
  assert.notEqual(kept(10), ten);
});

function handler(broken: Partial<ScanStore> = {}, publish?: () => Promise<void>) {
  const metrics = createMetrics();
  const letters: DeadLetter[] = [];
  let advanced = 0;
  const keep: Transport['publish'] = (_, messages) => {
    letters.push(...messages.map(({ value }) => decodeDeadLetter(value)));
    return Promise.resolve();
  };
  const handle = createResultHandler({
    store: { ...store, ...broken },
    publish: publish ?? keep,
    nullTables: tables,
    metrics,
    logger: createLogger({ service: 'test', destination: { write: () => undefined } }),
    traces: createNoticeTraces(),
    onAdvanced: () => advanced++,
  });
  /** Labels and values of a metric, those that are not 0. */
  const series = async (name: string): Promise<string[]> =>
    (await metrics.text())
      .split('\n')
      .filter((line) => line.startsWith(`neuroninspect_${name}{`) && !line.endsWith(' 0'))
      .map((line) => line.slice(`neuroninspect_${name}`.length));
  return { handle, series, letters, advanced: () => advanced };
}

/** Takes a scan to its verdict; returns every result that led there. */
async function allResults(model: NoisyModel, handle: (delivery: Delivery) => Promise<void>): Promise<TaskResult[]> {
  const order = orderOf(model);
  const answer = await workerOf(model);
  const all: TaskResult[] = [];
  await registerScan(store, order);
  for (;;) {
    const { progress, tasks } = await planStage(store, order.scanId, planned);
    if (progress.state === 'judged') return all;
    for (const task of tasks) {
      all.push(await answer(task));
      await handle(delivery(all.at(-1)));
    }
  }
}

function features({ outcome }: TaskResult): ShardFeatures {
  assert.ok(outcome.kind === 'features');
  return outcome.features;
}

function failedResult(): TaskResult {
  const scanId = 'd'.repeat(64);
  const reason = { code: 'engine-crashed', message: 'gone' } as const;
  return { taskId: `${scanId}/inspect`, scanId, worker: 'w', seconds: 1, outcome: { kind: 'failure', reason } };
}

function delivery(result: TaskResult = failedResult()): Delivery {
  return {
    topic: 'results',
    partition: 0,
    offset: '0',
    key: result.scanId,
    value: encodeTaskResult(result),
    publishedAt: 0,
  };
}
