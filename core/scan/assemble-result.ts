import type { Judgement } from '../detect/judge.js';
import type { EngineInfo } from '../ports/engine.js';
import type { Inspection } from './features.js';
import type { Profile } from './profile.js';
import type { Evidence, ModelIdentity, Reason, ScanResult } from './result.js';

/** What a result says besides the judgement; the embedded scanner and the pipeline know it from different places. */
export interface ResultFacts {
  readonly scanId: string;
  readonly model: ModelIdentity;
  readonly profile: Profile;
  readonly profileHash: string;
  readonly images: Omit<ScanResult['images'], 'accuracy'>;
  readonly accuracy?: number | undefined;
  readonly checks?: ScanResult['checks'];
  readonly engine?: ScanResult['engine'];
  readonly timings: ScanResult['timings'];
}

export function judgedResult(facts: ResultFacts, judgement: Judgement, evidence: readonly Evidence[]): ScanResult {
  return {
    scanId: facts.scanId,
    model: facts.model,
    ...judgement,
    ...(facts.checks === undefined ? {} : { checks: facts.checks }),
    evidence,
    profile: { name: facts.profile.name, version: facts.profile.version, hash: facts.profileHash },
    images: { ...facts.images, accuracy: facts.accuracy },
    engine: facts.engine,
    timings: facts.timings,
    cached: false,
  };
}

/** Whatever goes wrong: a model that could not be scanned is not clean. */
export function inconclusiveResult(facts: ResultFacts, reason: Reason): ScanResult {
  const nothing = { targetClasses: [], findings: [], classes: [], detectors: [] };
  return judgedResult(facts, { verdict: 'inconclusive', reason, ...nothing }, []);
}

export function inspectedModel(model: ModelIdentity, { classes, inputDims, layout }: Inspection): ModelIdentity {
  return { ...model, classes, inputDims, layout };
}

export function engineOf({ name, version, provider }: EngineInfo, workers: number): NonNullable<ScanResult['engine']> {
  return { name, version, provider, workers };
}
