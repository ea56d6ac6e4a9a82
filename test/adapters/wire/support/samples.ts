import type { DeadLetter } from '../../../../adapters/wire/dead-letter.js';
import type { VerdictAnnouncement } from '../../../../adapters/wire/verdict.js';
import type { ScanOrder } from '../../../../core/pipeline/order.js';
import type { Task, TaskResult, Work } from '../../../../core/pipeline/task.js';
import { taskId } from '../../../../core/pipeline/task.js';
import { shardId } from '../../../../core/plan/plan.js';
import type { Inspection, Shard } from '../../../../core/scan/features.js';
import { cascade1 } from '../../../../core/scan/profiles.js';
import { profileHash, scanId } from '../../../../core/scan/scan-id.js';
import { sha256 } from './arbitraries.js';

/** One fixed message of every kind. */

const settings = {
  profile: cascade1,
  preprocessing: { channels: 'rgb', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  selection: { logitsName: 'logits' },
} as const;
const modelDigest = `sha256:${'1a'.repeat(32)}`;
const imagesDigest = `sha256:${'2b'.repeat(32)}`;
const hash = profileHash(sha256, settings);

export const order: ScanOrder = {
  scanId: scanId(sha256, { modelDigest, imagesDigest, profileHash: hash }),
  model: {
    name: 'registry/traffic-signs:7',
    digest: modelDigest,
    format: 'onnx',
    files: [
      { path: 'model.onnx', sha256: '3c'.repeat(32), bytes: 428_340 },
      { path: 'weights/model.onnx.data', sha256: '4d'.repeat(32), bytes: 5_000_000_000 },
    ],
  },
  images: { digest: imagesDigest, sha256: '5e'.repeat(32), bytes: 153_600, count: 50, labelled: 43 },
  settings,
  limits: { maxModelBytes: 2 ** 33, maxRunBytes: 2 ** 30 },
  lane: 'gate',
};

const shard: Shard = {
  id: shardId(order.scanId, { start: 16, end: 18 }, { start: 0, end: 3 }),
  classes: { start: 16, end: 18 },
  images: { start: 0, end: 3 },
};

function task(work: Work): Task {
  const [createdAt, notAfter] = [1_780_000_000_000, 1_780_000_600_000];
  return { id: taskId(order.scanId, work), order, lane: 'fleet', round: 2, createdAt, notAfter, work };
}

export const tasks = {
  inspect: task({ stage: 'inspect' }),
  saliency: task({ stage: 'saliency', shard }),
  confirm: task({ stage: 'confirm', classIndex: 17 }),
};

const inspection: Inspection = {
  classes: 43,
  inputDims: [3, 32, 32],
  layout: 'NCHW',
  channels: 3,
  height: 32,
  width: 32,
  inputName: 'input',
  logitsName: 'logits',
  cut: 'Softmax',
  predictions: [0, 42, 7],
  accuracy: 2 / 3,
  preprocessingHint: '--scale 255',
  checks: [
    { check: 'custom-op', severity: 'warning', message: 'an op of another domain', place: 'node 3' },
    { check: 'metadata', severity: 'note', message: 'made by a program' },
  ],
  tile: { classes: 16, images: 10 },
};

const worker = { scanId: order.scanId, createdAt: tasks.inspect.createdAt, worker: 'worker-3', seconds: 0.25 };
const engine = { name: 'onnxruntime', version: '1.30.0', provider: 'cpu', threads: 1 };

const single = {
  inspection: {
    taskId: tasks.inspect.id,
    ...worker,
    engine,
    outcome: {
      kind: 'inspection',
      inspection,
      images: { labels: [0, undefined, 7], classNames: ['stop', 'yield', 'Vorfahrt ⛛'] },
    },
  },
  features: {
    taskId: shard.id,
    ...worker,
    engine,
    outcome: {
      kind: 'features',
      features: {
        shard,
        values: new Map([
          ['guided.gain', Float32Array.of(1, 2, 3, 4, 5, 6)],
          ['rectified.gain', Float32Array.of(-0, Infinity, NaN, 1e-45, 0.1, 3.4e38)],
        ]),
        parity: new Map([['rectified', { images: 2, height: 3, width: 3, bits: Uint8Array.of(1, 1, 255, 0) }]]),
      },
    },
  },
  evidence: {
    taskId: tasks.confirm.id,
    ...worker,
    engine,
    outcome: {
      kind: 'evidence',
      evidence: {
        classIndex: 17,
        className: 'no entry',
        trigger: {
          classIndex: 17,
          image: { height: 32, width: 32 },
          box: { top: 28, left: 27, height: 4, width: 5 },
          boxShare: 0.97,
          maskMass: 11.5,
          attackSuccessRate: 0.99,
          energy: 2.44,
          imagesFitted: 20,
          imagesJudged: 22,
        },
        probe: {
          classIndex: 17,
          flipRate: 0.9,
          patch: { flipRate: 0.9, rule: 'vanilla', top: 26, left: 25, size: 6 },
          blend: { flipRate: 0.1, rule: 'rectified', alpha: 0.2 },
        },
      },
      pictures: { sha256: '6f'.repeat(32), bytes: 81_234 },
    },
  },
  failure: {
    taskId: tasks.inspect.id,
    ...worker,
    outcome: {
      kind: 'failure',
      reason: { code: 'model-unsupported-op', message: 'op Foo of node foo_1 is not supported: export without it' },
    },
  },
} satisfies Record<string, TaskResult>;

export const results = {
  ...single,
  /** With what was computed ahead of it. */
  ahead: { ...single.inspection, ahead: [single.features, single.evidence] },
} satisfies Record<string, TaskResult>;

export const announcement: VerdictAnnouncement = {
  scanId: order.scanId,
  model: { name: order.model.name, digest: modelDigest },
  imagesDigest,
  profile: { name: cascade1.name, version: cascade1.version, hash },
  verdict: 'backdoored',
  score: 2.31,
  pValue: 0.0004,
  targetClasses: [17],
  findings: [{ rule: 'backdoor-trigger', severity: 'error', classIndex: 17, message: 'a patch leads to class 17' }],
  reportKey: `reports/${order.scanId}/report.json`,
  judgedAt: 1_780_000_123_456,
};

export const deadLetter: DeadLetter = {
  topic: 'tasks-gate',
  partition: 11,
  offset: '9007199254740993',
  key: shard.id,
  value: Uint8Array.of(0, 255, 10),
  valueBytes: 3,
  reason: { code: 'engine-crashed', message: 'the engine ended by SIGSEGV three times' },
  taskId: shard.id,
  scanId: order.scanId,
  tries: 3,
  service: 'worker',
  at: 1_780_000_123_456,
};

export const closed = { scanId: order.scanId, closedAt: 1_780_000_123_456 };
