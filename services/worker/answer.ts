import { putBlob } from '../../adapters/stores/objects/blobs.js';
import { encodeDeadLetter } from '../../adapters/wire/dead-letter.js';
import { encodeEvidence } from '../../adapters/wire/evidence.js';
import { encodeTaskResult } from '../../adapters/wire/task-result.js';
import type { Outcome, Task } from '../../core/pipeline/task.js';
import type { ObjectStore } from '../../core/ports/object-store.js';
import type { Delivery, Transport } from '../../core/ports/transport.js';
import type { ScanError } from '../../core/scan/errors.js';
import type { Evidence, EvidenceSummary, Reason, TriggerSummary } from '../../core/scan/result.js';
import { injectTrace } from '../common/tracing.js';
import type { Computed, Execution } from './execute.js';

export interface AnswerOptions {
  readonly transport: Transport;
  /** Name of this worker. */
  readonly worker: string;
}

/**
 * @throws ScanError `storage-failed`; `internal` for a result that no reader would accept.
 */
export async function publishResult(
  { transport, worker }: AnswerOptions,
  { id, order }: Task,
  { computed, seconds }: Execution,
  outcome: Outcome,
): Promise<void> {
  const value = encodeTaskResult({
    taskId: id,
    scanId: order.scanId,
    worker,
    seconds,
    ...(computed.kind === 'failure' ? {} : { engine: computed.engine }),
    outcome,
  });
  await transport.publish('results', [{ key: order.scanId, value, headers: injectTrace() }]);
}

export interface GivenUp {
  readonly delivery: Delivery;
  readonly reason: Reason;
  readonly tries: number;
  readonly task?: Task | undefined;
}

/** Keeps a message that could not be handled for a person. */
export async function bury(
  { transport, worker }: AnswerOptions,
  { delivery, reason, tries, task }: GivenUp,
  at: number,
): Promise<void> {
  const { topic, partition, offset, key, value } = delivery;
  const letter = encodeDeadLetter({
    topic,
    partition,
    offset,
    key,
    value,
    valueBytes: value.length,
    reason,
    taskId: task?.id,
    scanId: task?.order.scanId,
    tries,
    service: `worker ${worker}`,
    at,
  });
  await transport.publish('dead-letters', [{ key, value: letter, headers: injectTrace() }]);
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

export function reasonOf({ code, message }: ScanError): Reason {
  return { code, message };
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
