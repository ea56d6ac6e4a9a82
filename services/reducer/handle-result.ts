import type { Metrics } from '../../adapters/metrics/registry.js';
import { decodeTaskResult } from '../../adapters/wire/task-result.js';
import type { NullTables } from '../../core/detect/p-value.js';
import { recordResult, type Recorded } from '../../core/pipeline/index.js';
import type { TaskResult } from '../../core/pipeline/task.js';
import type { ScanStore } from '../../core/ports/scan-store.js';
import type { Delivery, Transport } from '../../core/ports/transport.js';
import { asScanError } from '../../core/scan/errors.js';
import { reasonOf } from '../../core/scan/reason-of.js';
import type { Reason } from '../../core/scan/result.js';
import { bury } from '../common/bury.js';
import { countVerdict } from '../common/count-verdict.js';
import type { Logger } from '../common/logger.js';
import { extractTrace, withSpan } from '../common/tracing.js';
import type { NoticeTraces } from './notice-traces.js';

export interface ResultHandlerParts {
  readonly store: ScanStore;
  readonly publish: Transport['publish'];
  readonly nullTables: NullTables;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly traces: Pick<NoticeTraces, 'keep'>;
  /** A notice waits in the outbox. */
  readonly onAdvanced: () => void;
}

/**
 * Stores one message of the topic results. Rejects, so that the message comes again, only for what may pass; what can never
 * be stored becomes a dead letter.
 */
export function createResultHandler(parts: ResultHandlerParts): (delivery: Delivery) => Promise<void> {
  const { metrics } = parts;
  return async (delivery) => {
    const started = performance.now();
    const parent = extractTrace(delivery.headers);
    try {
      const outcome = await withSpan('reduce', {}, () => handle(parts, delivery), { parent, kind: 'consumer' });
      metrics.inc('messages', { topic: delivery.topic, outcome });
      metrics.observe('reduceSeconds', {}, (performance.now() - started) / 1000);
    } catch (thrown) {
      metrics.inc('messages', { topic: delivery.topic, outcome: 'redelivered' });
      throw thrown;
    }
  };
}

async function handle(parts: ResultHandlerParts, delivery: Delivery): Promise<'handled' | 'malformed'> {
  let result: TaskResult;
  try {
    result = decodeTaskResult(delivery.value);
  } catch (thrown) {
    await giveUp(parts, delivery, reasonOf(thrown));
    return 'malformed';
  }
  // Before there is a notice: another round of the relay may be quick.
  parts.traces.keep(result.scanId);
  const recorded = await record(parts, result);
  if (recorded.refusal) await giveUp(parts, delivery, recorded.refusal, result);
  count(parts, result, recorded);
  return 'handled';
}

async function record(
  { store, nullTables, metrics, logger }: ResultHandlerParts,
  result: TaskResult,
): Promise<Recorded> {
  try {
    return await recordResult(store, result, { nullTables });
  } catch (thrown) {
    const error = asScanError(thrown);
    if (error.code === 'storage-failed') {
      metrics.inc('storageErrors', { store: 'postgres' });
      logger.warn({ err: error, scanId: result.scanId, taskId: result.taskId }, 'result not stored, it comes again');
      throw error;
    }
    return { outcome: 'refused', refusal: reasonOf(error) };
  }
}

function count({ metrics, logger, onAdvanced }: ResultHandlerParts, result: TaskResult, recorded: Recorded): void {
  const { outcome, stage, ahead = [], reached, verdict } = recorded;
  const { scanId, taskId } = result;
  for (const one of [{ stage, outcome }, ...ahead]) {
    metrics.inc('results', { stage: one.stage ?? 'unknown', outcome: one.outcome });
  }
  logger.debug({ scanId, taskId, outcome, reached }, 'result');
  if (reached !== undefined) onAdvanced();
  if (verdict === undefined) return;
  countVerdict(metrics, verdict);
  const { reason, score, targetClasses } = verdict.result;
  logger.info({ scanId, verdict: verdict.result.verdict, reason, score, targetClasses }, 'verdict');
}

/** @throws ScanError `storage-failed`: the message comes again. */
async function giveUp(
  { publish, metrics, logger }: ResultHandlerParts,
  delivery: Delivery,
  reason: Reason,
  result?: TaskResult,
): Promise<void> {
  const { topic, partition, offset } = delivery;
  const { scanId, taskId } = result ?? {};
  await bury(publish, { delivery, reason, tries: 1, service: 'reducer', taskId, scanId });
  metrics.inc('deadLetters', { topic, code: reason.code });
  logger.error({ topic, partition, offset, scanId, taskId, reason }, 'message put into the dead letters');
}
