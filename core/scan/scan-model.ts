import { detect } from '../detect/detect.js';
import { judge } from '../detect/judge.js';
import type { NullTables } from '../detect/p-value.js';
import { mergeShards } from '../plan/merge.js';
import { planShards } from '../plan/plan.js';
import { sideBySide, type Lanes } from '../plan/side-by-side.js';
import type { Clock } from '../ports/clock.js';
import type { Sha256 } from '../ports/hash.js';
import type { ModelLimits, ModelSelection, OpenModel, Runner } from '../ports/runner.js';
import type { ScanCache } from '../ports/scan-cache.js';
import { engineOf, inconclusiveResult, inspectedModel, judgedResult, type ResultFacts } from './assemble-result.js';
import { ScanError } from './errors.js';
import { reasonOf } from './reason-of.js';
import type { ScanFeatures, ShardFeatures } from './features.js';
import type { ImageSet, Preprocessing } from './images.js';
import type { Profile } from './profile.js';
import type { Evidence, ModelIdentity, ScanResult } from './result.js';
import { profileHash, scanId } from './scan-id.js';
import { takesStated, withStated, type StatedPreprocessing } from './stated-preprocessing.js';
import { createStopper, type Stopper } from './stopper.js';

export interface ScanDependencies {
  readonly runner: Runner;
  readonly sha256: Sha256;
  readonly clock: Clock;
  /**
   * Digest, size and format of a model's files. A file that cannot be decoded has a digest too; `runner.open` says what is
   * wrong with it.
   * @throws ScanError `model-not-found`, `model-unreadable`, `model-too-large`.
   */
  readonly identify: (path: string, limits: ModelLimits) => Promise<IdentifiedFiles>;
  readonly cache?: ScanCache | undefined;
  /** Kept over several scans, so that each class count is simulated once. */
  readonly nullTables?: NullTables | undefined;
  readonly onProgress?: ((progress: ScanProgress) => void) | undefined;
}

export interface IdentifiedFiles extends Omit<ModelIdentity, 'path' | 'preprocessing'> {
  /** What the model's files say of its preprocessing. @throws ScanError `model-malformed`, `model-unsupported-format`. */
  readonly stated?: (() => StatedPreprocessing | undefined) | undefined;
}

export interface ScanRequest {
  readonly path: string;
  readonly images: ImageSet;
  readonly preprocessing: Preprocessing;
  readonly profile: Profile;
  readonly selection: ModelSelection;
  readonly limits: ModelLimits;
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ScanProgress {
  readonly path: string;
  readonly stage: 'identify' | 'inspect' | 'saliency' | 'confirm' | 'done';
  readonly done: number;
  readonly total: number;
}

/**
 * Scans one model: identify, look in the cache, open, plan, run the shards side by side, merge, detect, confirm the
 * candidates, judge.
 *
 * Never rejects: whatever goes wrong becomes an `inconclusive` result with its code and message, because a model that
 * could not be scanned is not clean. The opened model is closed in any case.
 */
export async function scanModel(dependencies: ScanDependencies, request: ScanRequest): Promise<ScanResult> {
  const { clock, sha256 } = dependencies;
  const started = clock.now();
  const draft: Draft = {
    scanId: '',
    hash: profileHash(sha256, request),
    model: { path: request.path },
    timings: {},
  };
  const stop = createStopper(request, clock);
  try {
    const found = await runScan(dependencies, request, draft, stop);
    return { ...found, timings: { ...found.timings, total: clock.now() - started } };
  } catch (thrown) {
    return inconclusiveResult(factsOf(draft, request, clock.now() - started), reasonOf(thrown));
  } finally {
    stop.release();
    dependencies.onProgress?.({ path: request.path, stage: 'done', done: 1, total: 1 });
  }
}

/** What is known so far; a scan that fails half-way still reports it. */
interface Draft {
  scanId: string;
  hash: string;
  model: ModelIdentity;
  engine?: ScanResult['engine'];
  accuracy?: number | undefined;
  checks?: ScanResult['checks'];
  timings: { inspect?: number; saliency?: number; confirm?: number };
}

async function runScan(
  dependencies: ScanDependencies,
  asked: ScanRequest,
  draft: Draft,
  stop: Stopper,
): Promise<ScanResult> {
  const { cache, clock, sha256, runner } = dependencies;
  const report = (stage: ScanProgress['stage'], done: number, total: number) =>
    dependencies.onProgress?.({ path: asked.path, stage, done, total });

  stop.check();
  report('identify', 0, 1);
  const { stated, ...identity } = await stop.or(dependencies.identify(asked.path, asked.limits));
  draft.model = { path: asked.path, ...identity };
  const name = (): void => {
    const modelDigest = identity.digest ?? '';
    draft.scanId = scanId(sha256, { modelDigest, imagesDigest: asked.images.digest, profileHash: draft.hash });
  };
  name();
  const own = takesStated(asked.preprocessing, asked.images) ? stated?.() : undefined;
  const request = own ? { ...asked, preprocessing: withStated(asked.preprocessing, own) } : asked;
  if (own) {
    draft.model = { ...draft.model, preprocessing: own };
    draft.hash = profileHash(sha256, request);
    name();
  }
  const known = await cache?.get(draft.scanId);
  if (known && hasNames(known, request.images)) {
    const model = { ...known.model, path: request.path, preprocessing: own };
    return { ...known, model, timings: { total: 0 }, cached: true };
  }

  report('inspect', 0, 1);
  const timed = async <T>(stage: keyof Draft['timings'], work: () => Promise<T>): Promise<T> => {
    const start = clock.now();
    try {
      return await work();
    } finally {
      draft.timings[stage] = clock.now() - start;
    }
  };
  const opening = runner.open(request);
  const model = await timed('inspect', () => stop.or(opening)).catch((error: unknown) => {
    // The scan gave up on a model that may still open.
    opening.then(
      (late) => late.close(),
      () => undefined,
    );
    throw error;
  });
  try {
    const { inspection } = model;
    draft.engine = engineOf(model.engine, model.workers);
    draft.accuracy = inspection.accuracy;
    draft.checks = inspection.checks;
    draft.model = inspectedModel(draft.model, inspection);
    const features = await timed('saliency', () =>
      runShards(
        model,
        { request, id: draft.scanId, stop, later: (open) => clock.after(helpAfter, open) },
        (done, total) => report('saliency', done, total),
      ),
    );
    const { labels, classNames } = request.images;
    const detection = detect(request.profile, features, { ...inspection, labels, classNames }, dependencies.nullTables);
    const evidence = await timed('confirm', () =>
      confirm(model, detection.candidates, stop, (done, total) => report('confirm', done, total)),
    );
    const judgement = judge(request.profile, detection, evidence);
    const result = judgedResult(factsOf(draft, request, 0), judgement, evidence);
    await cache?.put(draft.scanId, result);
    return result;
  } finally {
    await model.close().catch(() => undefined);
  }
}

/**
 * Seconds. A second worker must first open the model, which takes about as long; a small scan is over before that and costs
 * half as much alone.
 */
const helpAfter = 0.3;

interface ShardRun {
  readonly request: ScanRequest;
  readonly id: string;
  readonly stop: Stopper;
  readonly later: Lanes['later'];
}

async function runShards(
  model: OpenModel,
  { request, id, stop, later }: ShardRun,
  report: (done: number, total: number) => void,
): Promise<ScanFeatures> {
  const { classes, tile } = model.inspection;
  const plan = planShards({ scanId: id, classes, images: request.images.count, tile, workers: model.workers });
  report(0, plan.length);
  let done = 0;
  const results: ShardFeatures[] = await stop.or(
    sideBySide(plan, { most: model.workers, stopped: stop.stopped, later }, async (shard) => {
      const result = await model.runShard(shard);
      report(++done, plan.length);
      return result;
    }),
  );
  const merge = mergeShards(plan, results);
  if (!merge.complete) {
    throw new ScanError('internal', `no result for ${merge.missing.map((shard) => shard.id).join(', ')}`);
  }
  return merge.features;
}

function confirm(
  model: OpenModel,
  candidates: readonly number[],
  stop: Stopper,
  report: (done: number, total: number) => void,
): Promise<Evidence[]> {
  report(0, candidates.length);
  let done = 0;
  return stop.or(
    sideBySide(candidates, { most: model.workers, stopped: stop.stopped }, async (candidate) => {
      const evidence = await model.confirm(candidate);
      report(++done, candidates.length);
      return evidence;
    }),
  );
}

/** Class names stand in findings but not in the scan id: they cannot change a verdict. */
function hasNames({ classes }: ScanResult, { classNames }: ImageSet): boolean {
  return classes.every(({ index, name }) => name === classNames?.[index]);
}

function factsOf(draft: Draft, { profile, images }: ScanRequest, total: number): ResultFacts {
  const labelled = images.labels.filter((label) => label !== undefined).length;
  return {
    ...draft,
    profile,
    profileHash: draft.hash,
    images: { digest: images.digest, count: images.count, labelled },
    timings: { ...draft.timings, total },
  };
}
