import type { EngineInfo } from '../ports/engine.js';
import type { Inspection, Shard, ShardFeatures } from '../scan/features.js';
import type { EvidenceSummary, Reason } from '../scan/result.js';
import type { BlobReference, Lane, ScanOrder } from './order.js';

/** What a scan goes through, in this order; each stage is one or many tasks for the engine workers. */
export const stages = ['inspect', 'saliency', 'confirm'] as const;
export type Stage = (typeof stages)[number];

/** One piece of work for an engine worker: what travels over Kafka as `ShardTask`. */
export interface Task {
  /** Deterministic, see {@link taskId}: the same work has the same id however often it is sent. */
  readonly id: string;
  readonly order: ScanOrder;
  /** Where it is queued; may differ from the order's once the priority was changed. */
  readonly lane: Lane;
  /** How often the stage was sent before: 0 for the first time. */
  readonly round: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch; nobody waits for the result any more after it, and workers drop the task. */
  readonly notAfter: number;
  readonly work: Work;
}

export type Work =
  | { readonly stage: 'inspect' }
  | { readonly stage: 'saliency'; readonly shard: Shard }
  | { readonly stage: 'confirm'; readonly classIndex: number };

/** What a worker answers to a task: what travels over Kafka as `ShardFeatures`. */
export interface TaskResult {
  readonly taskId: string;
  readonly scanId: string;
  /** Of the task: milliseconds since the epoch. Undefined where the sender does not say. */
  readonly createdAt?: number | undefined;
  /** Which worker, for people. */
  readonly worker: string;
  /** Seconds of computing. */
  readonly seconds: number;
  readonly engine?: EngineInfo | undefined;
  readonly outcome: Outcome;
  /**
   * Results of the tasks that follow from this one, in the order of the stages: computed while the model was open, before
   * anybody asked. They have none of their own.
   */
  readonly ahead?: readonly TaskResult[] | undefined;
}

/** More candidates than any profile has; the rest is asked for. */
export const maxAhead = 64;

export type Outcome =
  | { readonly kind: 'inspection'; readonly inspection: Inspection; readonly images: ImageFacts }
  | { readonly kind: 'features'; readonly features: ShardFeatures }
  /** `pictures`: the whole `Evidence`, pictures included, in the object store. */
  | { readonly kind: 'evidence'; readonly evidence: EvidenceSummary; readonly pictures: BlobReference }
  /** Final: the scan ends `inconclusive` with it. */
  | { readonly kind: 'failure'; readonly reason: Reason };

/** What detection needs of the clean images. */
export interface ImageFacts {
  readonly labels: readonly (number | undefined)[];
  readonly classNames?: readonly string[] | undefined;
}

/** `<scan id>/inspect`, `<scan id>/<class start>-<class end>x<image start>-<image end>` (the shard's), `<scan id>/confirm-<class>`. */
export function taskId(scanId: string, work: Work): string {
  if (work.stage === 'inspect') return `${scanId}/inspect`;
  return work.stage === 'saliency' ? work.shard.id : `${scanId}/confirm-${work.classIndex}`;
}
