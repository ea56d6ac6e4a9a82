import { putBlob } from '../../adapters/stores/objects/blobs.js';
import { encodeEvidence } from '../../adapters/wire/evidence.js';
import { encodeTaskResult } from '../../adapters/wire/task-result.js';
import type { Outcome, Task, TaskResult } from '../../core/pipeline/task.js';
import type { ObjectStore } from '../../core/ports/object-store.js';
import type { Delivery, Transport } from '../../core/ports/transport.js';
import { reasonOf } from '../../core/scan/reason-of.js';
import type { Evidence, EvidenceSummary, Reason, TriggerSummary } from '../../core/scan/result.js';
import { bury } from '../common/bury.js';
import { injectTrace } from '../common/tracing.js';
import type { Computed, Execution } from './execute.js';

export interface AnswerOptions {
  readonly transport: Transport;
  /** Name of this worker. */
  readonly worker: string;
}

export function resultOf(
  { id, order }: Task,
  { computed, seconds }: Execution,
  said: Pick<TaskResult, 'worker' | 'createdAt' | 'outcome'>,
): TaskResult {
  const engine = computed.kind === 'failure' ? {} : { engine: computed.engine };
  return { taskId: id, scanId: order.scanId, seconds, ...engine, ...said };
}

/**
 * @param results of a task, and of those computed ahead of it.
 * @throws ScanError `storage-failed`; `internal` for results that no reader would accept.
 */
export async function publishResult(transport: Transport, results: readonly TaskResult[]): Promise<void> {
  const [own, ...ahead] = results as [TaskResult, ...TaskResult[]];
  const value = encodeTaskResult({ ...own, ...(ahead.length > 0 ? { ahead } : {}) });
  await transport.publish('results', [{ key: own.scanId, value, headers: injectTrace() }]);
}

/** Keeps a message that could not be handled for a person. */
export function giveUp(
  { transport, worker }: AnswerOptions,
  delivery: Delivery,
  reason: Reason,
  tries = 1,
  task?: Task,
): Promise<void> {
  const service = `worker ${worker}`;
  return bury((topic, messages) => transport.publish(topic, messages), {
    delivery,
    reason,
    tries,
    service,
    taskId: task?.id,
    scanId: task?.order.scanId,
  });
}

/** What is said of it in the result; pictures are stored first, so that a result never names what is not there. */
export async function outcomeOf(computed: Computed, store: ObjectStore): Promise<Outcome> {
  switch (computed.kind) {
    case 'inspection': {
      const { labels, classNames } = computed.images;
      return { kind: 'inspection', inspection: computed.inspection, images: { labels, classNames } };
    }
    case 'features':
      return { kind: 'features', features: computed.features };
    case 'evidence': {
      const pictures = await putBlob(store, encodeEvidence(computed.evidence));
      return { kind: 'evidence', evidence: summaryOf(computed.evidence), pictures };
    }
    case 'failure':
      return { kind: 'failure', reason: reasonOf(computed.error) };
  }
}

/** The evidence without its pictures. */
function summaryOf({ classIndex, className, trigger, probe }: Evidence): EvidenceSummary {
  const { image, box, boxShare, maskMass, attackSuccessRate, energy, imagesFitted, imagesJudged } = trigger;
  const numbers: TriggerSummary = {
    classIndex: trigger.classIndex,
    image,
    box,
    boxShare,
    maskMass,
    attackSuccessRate,
    energy,
    imagesFitted,
    imagesJudged,
  };
  return { classIndex, className, trigger: numbers, probe };
}

/** Classes x images of a shard. */
export function mapsIn({ work }: Task): number {
  if (work.stage !== 'saliency') return 0;
  const { classes, images } = work.shard;
  return (classes.end - classes.start) * (images.end - images.start);
}
