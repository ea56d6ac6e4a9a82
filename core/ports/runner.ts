import type { EngineInfo } from './engine.js';
import type { Inspection, SaliencyRuleName, Shard, ShardFeatures } from '../scan/features.js';
import type { ImageSet, Preprocessing } from '../scan/images.js';
import type { Profile } from '../scan/profile.js';
import type { Evidence } from '../scan/result.js';

/**
 * Runs the parts of a scan that need a model and an engine. The embedded scanner and a worker pod hold the same kind of
 * runner; `core/execute` implements it in this process, `adapters/isolation` in child processes that may crash.
 */
export interface Runner {
  /**
   * Reads, checks and inspects one model.
   * @throws ScanError; `model-*` and `images-*` codes are final, `engine-crashed` and `engine-timeout` name the model.
   */
  open(job: ModelJob): Promise<OpenModel>;
  close(): Promise<void>;
}

export interface ModelJob {
  /** Local path of the model file, or of the folder that holds it. */
  readonly path: string;
  readonly images: ImageSet;
  readonly preprocessing: Preprocessing;
  readonly profile: Profile;
  readonly selection: ModelSelection;
  readonly limits: ModelLimits;
}

/** For models where the image input or the logits cannot be told. */
export interface ModelSelection {
  readonly inputName?: string | undefined;
  readonly logitsName?: string | undefined;
}

export interface ModelLimits {
  /** Bytes over all files of a model. */
  readonly maxModelBytes: number;
  /** Bytes the tensors of one engine run may take; shards are split to stay below. */
  readonly maxRunBytes: number;
}

export interface OpenModel {
  readonly inspection: Inspection;
  readonly engine: EngineInfo;
  /** How many shards can run side by side. */
  readonly workers: number;
  runShard(shard: Shard): Promise<ShardFeatures>;
  confirm(classIndex: number): Promise<Evidence>;
  explain(request: ExplainRequest): Promise<Explanation>;
  close(): Promise<void>;
}

export interface ExplainRequest {
  readonly rule: SaliencyRuleName;
  readonly classes: readonly number[];
}

/** Row-major arrays; N images, K requested classes, C classes in all. */
export interface Explanation {
  readonly logits: { readonly dims: readonly number[]; readonly data: Float32Array };
  /** N x K x the model's own input shape, un-clipped, with respect to the model's input. */
  readonly gradients: { readonly dims: readonly number[]; readonly data: Float32Array };
  /** N x K x H x W, clipped at 0, max over channels, scaled to 0..1 per map. */
  readonly heatmaps: { readonly dims: readonly number[]; readonly data: Float32Array };
}
