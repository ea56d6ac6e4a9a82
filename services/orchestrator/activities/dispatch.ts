import { encodeTask } from '../../../adapters/wire/task.js';
import { planStage } from '../../../core/pipeline/index.js';
import type { Task } from '../../../core/pipeline/task.js';
import type { Message } from '../../../core/ports/transport.js';
import type { DispatchRequest, ScanProgress } from '../../../workflows/scan-model/contract.js';
import { countVerdict } from '../../common/count-verdict.js';
import { injectTrace } from '../../common/tracing.js';
import type { ActivityParts } from './parts.js';

/** Tasks are rows before they are messages: when sending fails, the next try sends all that have no result. */
export async function dispatch(parts: ActivityParts, request: DispatchRequest): Promise<ScanProgress> {
  const { store, publish, metrics, now } = parts;
  const { scanId, lane, round, ttl } = request;
  const { progress, tasks, verdict } = await planStage(store, scanId, { lane, round, ttl, now: now() });
  if (verdict) countVerdict(metrics, verdict);
  if (tasks.length > 0) {
    await publish(`tasks-${lane}`, messagesOf(scanId, tasks));
    const { stage } = tasks[0]!.work;
    metrics.inc('dispatched', { stage, lane, round: round === 0 ? 'first' : 'again' }, tasks.length);
  }
  return progress;
}

/** A stage with several tasks is spread over the partitions. */
function messagesOf(scanId: string, tasks: readonly Task[]): Message[] {
  const headers = injectTrace();
  return tasks.map((task, index) => {
    const key = tasks.length > 1 ? `${scanId}/${index}` : scanId;
    return { key, value: encodeTask(task), headers };
  });
}
