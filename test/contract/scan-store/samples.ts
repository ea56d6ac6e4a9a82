import { randomBytes } from 'node:crypto';
import type { Detection } from '../../../core/detect/detect.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import { taskId, type Outcome, type TaskResult, type Work } from '../../../core/pipeline/task.js';
import type { StoredInspection, StoredVerdict } from '../../../core/ports/scan-store.js';
import type { Range, Shard } from '../../../core/scan/features.js';
import { defaultProfile } from '../../../core/scan/profiles.js';
import type { EvidenceSummary } from '../../../core/scan/result.js';
import { samples } from '../../support/sample-results.js';

/** A scan that no other test knows. `family`: scans of one family have the same profile hash. */
export function newOrder({ scanId = newId(), family = 'contract', name = 'models/a.onnx' } = {}): ScanOrder {
  return {
    scanId,
    model: {
      name,
      digest: `sha256:${newId()}`,
      format: 'onnx',
      files: [{ path: 'a.onnx', sha256: newId(), bytes: 1234 }],
    },
    images: { digest: `sha256:${newId()}`, sha256: newId(), bytes: 99, count: 4, labelled: 3 },
    settings: { profile: { ...defaultProfile, name: family }, preprocessing: { resize: [32, 32] }, selection: {} },
    limits: { maxModelBytes: 1e9, maxRunBytes: 1e8 },
    lane: 'gate',
  };
}

export function newId(): string {
  return randomBytes(32).toString('hex');
}

export const inspected: StoredInspection = {
  inspection: {
    classes: 10,
    inputDims: [3, 32, 32],
    layout: 'NCHW',
    channels: 3,
    height: 32,
    width: 32,
    inputName: 'input',
    logitsName: 'logits',
    cut: 'Softmax',
    predictions: [1, 2, 3, 4],
    accuracy: 0.1 + 0.2,
    preprocessingHint: 'try --scale 255 "or" \u0000 ünicode \ud83d\ude00',
    tile: { classes: 5, images: 4 },
  },
  images: { labels: [1, undefined, 3, 4], classNames: ['zero', '', '$number'] },
  engine: { name: 'onnxruntime', version: '1.30.0', provider: 'cpu', threads: 1 },
  seconds: 1 / 3,
};

/** With everything that plain JSON would lose. */
export const detection: Detection = {
  candidates: [3],
  flagged: [3, 1],
  classes: [
    { index: 0, name: 'zero', features: { 'rectified.gain': NaN }, indices: { 'gain-3': -0 } },
    { index: 1, features: { 'rectified.gain': 5e-324 }, indices: { 'gain-3': -Infinity } },
  ],
  detectors: [],
  score: Infinity,
  pValue: 0.1 + 0.2,
  notes: ['line\nbreak', '\u0000'],
};

export const backdoored: StoredVerdict = {
  result: { ...withoutUndefined(samples.backdoored), evidence: [], score: NaN, pValue: -0 },
  pictures: [{ classIndex: 3, blob: { sha256: newId(), bytes: 4711 } }],
};

export const inconclusive: StoredVerdict = {
  result: {
    ...withoutUndefined(samples.malformed),
    reason: { code: 'engine-crashed', message: 'the engine ended with SIGSEGV' },
  },
  pictures: [],
};

export function shardOf(scanId: string, classes: Range, images: Range): Shard {
  return { id: `${scanId}/${classes.start}-${classes.end}x${images.start}-${images.end}`, classes, images };
}

/** The first class decides which shard it is: two classes, four images. */
export function featuresOf(scanId: string, firstClass: number, values: Float32Array): TaskResult {
  const shard = shardOf(scanId, { start: firstClass, end: firstClass + 2 }, { start: 0, end: 4 });
  return resultOf(
    scanId,
    { stage: 'saliency', shard },
    {
      kind: 'features',
      features: {
        shard,
        values: new Map([['rectified.gain', values]]),
        parity: new Map([['vanilla', { images: 4, height: 4, width: 6, bits: Uint8Array.of(0, 255, 1, 128, 2, 64) }]]),
      },
    },
  );
}

export function inspectionOf(scanId: string): TaskResult {
  const { inspection, images } = inspected;
  const printable = { ...inspection, preprocessingHint: 'try --scale 255' };
  return resultOf(
    scanId,
    { stage: 'inspect' },
    { kind: 'inspection', inspection: printable, images: { labels: images.labels } },
  );
}

export function evidenceOf(scanId: string, classIndex: number): TaskResult {
  const { className, trigger, probe } = samples.backdoored.evidence[0]!;
  const evidence: EvidenceSummary = {
    classIndex,
    ...(className === undefined ? {} : { className }),
    trigger: {
      classIndex,
      image: trigger.image,
      box: trigger.box,
      boxShare: trigger.boxShare,
      maskMass: trigger.maskMass,
      attackSuccessRate: trigger.attackSuccessRate,
      energy: NaN,
      imagesFitted: trigger.imagesFitted,
      imagesJudged: trigger.imagesJudged,
    },
    probe: { ...probe, classIndex },
  };
  return resultOf(
    scanId,
    { stage: 'confirm', classIndex },
    { kind: 'evidence', evidence, pictures: { sha256: newId(), bytes: 5 } },
  );
}

export function failureOf(scanId: string, work: Work): TaskResult {
  return resultOf(scanId, work, { kind: 'failure', reason: { code: 'engine-timeout', message: 'no answer for 60 s' } });
}

function resultOf(scanId: string, work: Work, outcome: Outcome): TaskResult {
  return {
    taskId: taskId(scanId, work),
    scanId,
    worker: 'worker-1',
    seconds: 0.25,
    engine: { name: 'onnxruntime', version: '1.30.0', provider: 'cpu', threads: 1 },
    outcome,
  };
}

/** An undefined member and an absent one mean the same; a store keeps the latter. */
function withoutUndefined<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutUndefined) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutUndefined(member as unknown)])) as T;
}
