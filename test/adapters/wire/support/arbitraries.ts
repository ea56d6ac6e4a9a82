import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { DeadLetter } from '../../../../adapters/wire/dead-letter.js';
import type { VerdictAnnouncement } from '../../../../adapters/wire/verdict.js';
import { lanes, type BlobReference, type ScanOrder } from '../../../../core/pipeline/order.js';
import { taskId, type Outcome, type Task, type TaskResult } from '../../../../core/pipeline/task.js';
import { shardId } from '../../../../core/plan/plan.js';
import { topics } from '../../../../core/ports/transport.js';
import { scanErrorCodes } from '../../../../core/scan/errors.js';
import {
  featureNames,
  saliencyRuleNames,
  type FeatureKey,
  type Inspection,
  type Parity,
  type Range,
  type ShardFeatures,
} from '../../../../core/scan/features.js';
import type { Preprocessing } from '../../../../core/scan/images.js';
import { profiles } from '../../../../core/scan/profiles.js';
import {
  obstacleCodes,
  severities,
  verdicts,
  type EvidenceSummary,
  type Reason,
  type StaticFinding,
} from '../../../../core/scan/result.js';
import { profileHash, scanId } from '../../../../core/scan/scan-id.js';

/** Values of everything that may cross a wire, by the rules of the types alone. */

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const plain = { noNullPrototype: true } as const;

/** Plain objects, as the program makes them. */
function record<T>(members: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record<T>(members, plain);
}

const word = fc.string({ unit: 'grapheme', maxLength: 20 });
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const digest = hex.map((digits) => `sha256:${digits}`);
const time = fc.integer({ min: 0, max: 4e12 });
const count = fc.nat(100_000);
const blob: fc.Arbitrary<BlobReference> = record({ sha256: hex, bytes: fc.integer({ min: 0, max: 2 ** 40 }) });
/** JSON cannot say NaN, and canonical JSON not -0. */
const setting = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const paths = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{1,8}\.(onnx|data)$/), { minLength: 1, maxLength: 4 })
  .map((names) => names.map((name, i) => (i === 0 ? name : `weights/${name}`)));

export const preprocessing: fc.Arbitrary<Preprocessing> = fc.record(
  {
    layout: fc.constantFrom('NCHW', 'NHWC'),
    channels: fc.constantFrom('rgb', 'bgr', 'gray'),
    resize: fc.tuple(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 4096 })),
    scale: setting,
    mean: fc.array(setting, { minLength: 1, maxLength: 4 }),
    std: fc.array(setting, { minLength: 1, maxLength: 4 }),
  },
  { ...plain, requiredKeys: [] },
);

const order: fc.Arbitrary<ScanOrder> = record({
  modelName: word,
  modelDigest: digest,
  files: fc.tuple(paths, fc.array(blob, { minLength: 4, maxLength: 4 })),
  imagesDigest: digest,
  imagesBlob: blob,
  counts: fc.tuple(fc.integer({ min: 1, max: 100_000 }), count),
  profile: fc.constantFrom(...profiles),
  threshold: setting,
  preprocessing,
  selection: fc.record({ inputName: word, logitsName: word }, { ...plain, requiredKeys: [] }),
  limits: record({
    maxModelBytes: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    maxRunBytes: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  }),
  lane: fc.constantFrom(...lanes),
}).map((parts) => {
  const { files, counts, profile, threshold, selection, limits, lane } = parts;
  const changed = { ...profile, persistence: { ...profile.persistence, threshold } };
  const settings = { profile: changed, preprocessing: parts.preprocessing, selection };
  const [images, labelled] = counts;
  return {
    scanId: scanId(sha256, {
      modelDigest: parts.modelDigest,
      imagesDigest: parts.imagesDigest,
      profileHash: profileHash(sha256, settings),
    }),
    model: {
      name: parts.modelName,
      digest: parts.modelDigest,
      format: 'onnx',
      files: files[0].map((path, i) => ({ path, ...files[1][i]! })),
    },
    images: { digest: parts.imagesDigest, ...parts.imagesBlob, count: images, labelled: Math.min(labelled, images) },
    settings,
    limits,
    lane,
  };
});

function range(limit: number, length = limit): fc.Arbitrary<Range> {
  return fc
    .tuple(fc.nat(limit - 1), fc.integer({ min: 1, max: length }))
    .map(([start, size]) => ({ start, end: Math.min(limit, start + size) }));
}

export const task: fc.Arbitrary<Task> = order.chain((given) =>
  record({
    lane: fc.constantFrom(...lanes),
    round: fc.nat(1000),
    createdAt: time,
    ttl: fc.nat(1e9),
    work: fc.oneof(
      fc.constant({ stage: 'inspect' as const }),
      fc.tuple(range(100_000), range(given.images.count)).map(([classes, images]) => {
        const shard = { id: shardId(given.scanId, classes, images), classes, images };
        return { stage: 'saliency' as const, shard };
      }),
      fc.nat(99_999).map((classIndex) => ({ stage: 'confirm' as const, classIndex })),
    ),
  }).map(({ lane, round, createdAt, ttl, work }) => ({
    id: taskId(given.scanId, work),
    order: given,
    lane,
    round,
    createdAt,
    notAfter: createdAt + ttl,
    work,
  })),
);

export const reason: fc.Arbitrary<Reason> = record({
  code: fc.constantFrom(...scanErrorCodes, ...obstacleCodes),
  message: word,
});

const keys = saliencyRuleNames.flatMap((rule) =>
  featureNames.flatMap((name): FeatureKey[] => (name === 'persistent' ? [] : [`${rule}.${name}`])),
);

/** Any bits: NaN with its payload, -0, subnormal numbers. */
function bits(length: number): fc.Arbitrary<Float32Array> {
  return fc
    .uint8Array({ minLength: 4 * length, maxLength: 4 * length })
    .map((bytes) => new Float32Array(Uint8Array.from(bytes).buffer));
}

function features(scan: string): fc.Arbitrary<ShardFeatures> {
  return fc.tuple(range(1000, 6), range(50, 5)).chain(([classes, images]) => {
    const rows = classes.end - classes.start;
    const columns = images.end - images.start;
    const parity = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([height, width]) => {
      const length = rows * Math.ceil((height * width) / 8);
      return record<Parity>({
        images: fc.nat(columns),
        height: fc.constant(height),
        width: fc.constant(width),
        bits: fc.uint8Array({ minLength: length, maxLength: length }),
      });
    });
    return record({
      keys: fc.uniqueArray(fc.constantFrom(...keys)),
      rules: fc.uniqueArray(fc.constantFrom(...saliencyRuleNames)),
      values: fc.array(bits(rows * columns), { minLength: keys.length, maxLength: keys.length }),
      parities: fc.array(parity, { minLength: 3, maxLength: 3 }),
    }).map((parts) => ({
      shard: { id: shardId(scan, classes, images), classes, images },
      values: new Map(parts.keys.map((key, i) => [key, parts.values[i]!])),
      parity: new Map(parts.rules.map((rule, i) => [rule, parts.parities[i]!])),
    }));
  });
}

const extent = fc.integer({ min: 1, max: 512 });
const inspection: fc.Arbitrary<Outcome> = fc
  .integer({ min: 1, max: 100_000 })
  .chain((classes) =>
    record({
      inspection: record<Inspection>({
        classes: fc.constant(classes),
        inputDims: fc.array(extent, { minLength: 1, maxLength: 4 }),
        layout: fc.constantFrom('NCHW', 'NHWC'),
        channels: extent,
        height: extent,
        width: extent,
        inputName: word,
        logitsName: word,
        cut: fc.constantFrom('Softmax', 'LogSoftmax', 'Sigmoid', undefined),
        predictions: fc.array(fc.integer({ min: -1, max: classes - 1 }), { minLength: 3, maxLength: 3 }),
        accuracy: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
        preprocessingHint: maybe(word),
        checks: maybe(
          fc.array(
            record<StaticFinding>({
              check: word,
              severity: fc.constantFrom('note', 'warning', 'error'),
              message: word,
              place: word,
            }),
            { maxLength: 3 },
          ),
        ),
        tile: record({ classes: extent, images: extent }),
      }),
      labels: fc.array(maybe(fc.nat(Number.MAX_SAFE_INTEGER - 1)), { minLength: 3, maxLength: 3 }),
      classNames: fc.array(word, { maxLength: 5 }),
    }),
  )
  .map(({ inspection: inspected, labels, classNames }) => ({
    kind: 'inspection',
    inspection: inspected,
    images: { labels, ...(classNames.length > 0 ? { classNames } : {}) },
  }));

const pixels = fc.nat(4096);
export const evidenceSummary: fc.Arbitrary<EvidenceSummary> = fc.nat(99_999).chain((classIndex) =>
  record({
    className: maybe(word),
    trigger: record({
      classIndex: fc.constant(classIndex),
      image: record({ height: extent, width: extent }),
      box: record({ top: pixels, left: pixels, height: pixels, width: pixels }),
      boxShare: fc.double(),
      maskMass: fc.double(),
      attackSuccessRate: fc.double(),
      energy: fc.double(),
      imagesFitted: count,
      imagesJudged: count,
    }),
    probe: record({
      classIndex: fc.constant(classIndex),
      flipRate: fc.double(),
      patch: record({ flipRate: fc.double(), rule: word, top: pixels, left: pixels, size: pixels }),
      blend: record({ flipRate: fc.double(), rule: word, alpha: fc.double() }),
    }),
  }).map(({ className, ...rest }) => ({ classIndex, ...(className === undefined ? {} : { className }), ...rest })),
);

export const taskResult: fc.Arbitrary<TaskResult> = hex.chain((scan) =>
  fc
    .tuple(oneResult(scan), fc.array(oneResult(scan), { maxLength: 3 }))
    .map(([result, ahead]) => ({ ...result, ...(ahead.length > 0 ? { ahead } : {}) })),
);

function oneResult(scan: string): fc.Arbitrary<TaskResult> {
  return record({
    createdAt: maybe(time),
    worker: word,
    seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
    engine: maybe(record({ name: word, version: word, provider: word, threads: fc.nat(128) })),
    failed: fc.constantFrom('inspect', 'confirm-7', '0-10x0-5'),
    outcome: fc.oneof(
      inspection,
      features(scan).map((value): Outcome => ({ kind: 'features', features: value })),
      fc.tuple(evidenceSummary, blob).map(([value, pictures]): Outcome => {
        return { kind: 'evidence', evidence: value, pictures };
      }),
      reason.map((value): Outcome => ({ kind: 'failure', reason: value })),
    ),
  }).map(({ createdAt, engine, failed, outcome, ...rest }) => ({
    taskId: taskOf(scan, outcome, failed),
    scanId: scan,
    ...rest,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(engine ? { engine } : {}),
    outcome,
  }));
}

function taskOf(scan: string, outcome: Outcome, failed: string): string {
  if (outcome.kind === 'features') return outcome.features.shard.id;
  if (outcome.kind === 'evidence') return `${scan}/confirm-${outcome.evidence.classIndex}`;
  return `${scan}/${outcome.kind === 'inspection' ? 'inspect' : failed}`;
}

export const announcement: fc.Arbitrary<VerdictAnnouncement> = record({
  scanId: hex,
  model: record({ name: word, digest }),
  imagesDigest: digest,
  profile: record({ name: word, version: count, hash: hex }),
  verdict: fc.constantFrom(...verdicts),
  reason,
  score: maybe(fc.double()),
  pValue: maybe(fc.double()),
  targetClasses: fc.array(fc.nat(99_999), { maxLength: 5 }),
  findings: fc.array(
    record({
      rule: fc.constantFrom('backdoor-trigger', 'saliency-outlier', 'label-poisoning'),
      severity: fc.constantFrom(...severities),
      classIndex: fc.nat(99_999),
      message: word,
    }),
    { maxLength: 4 },
  ),
  reportKey: hex.map((id) => `reports/${id}/report.json`),
  judgedAt: time,
}).map(({ reason: why, score, pValue, ...rest }) => ({
  ...rest,
  ...(rest.verdict === 'inconclusive' ? { reason: why } : {}),
  ...(score === undefined ? {} : { score }),
  ...(pValue === undefined ? {} : { pValue }),
}));

export const deadLetter: fc.Arbitrary<DeadLetter> = record({
  topic: fc.constantFrom(...topics),
  partition: fc.nat(1000),
  offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String),
  key: word,
  value: fc.uint8Array({ maxLength: 100 }),
  more: count,
  reason,
  taskId: maybe(word),
  scanId: maybe(word),
  tries: count,
  service: word,
  at: time,
}).map(({ more, taskId: id, scanId: scan, ...rest }) => ({
  ...rest,
  valueBytes: rest.value.length + more,
  ...(id === undefined ? {} : { taskId: id }),
  ...(scan === undefined ? {} : { scanId: scan }),
}));

export const closed = record({ scanId: hex, closedAt: time });
