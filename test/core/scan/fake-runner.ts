import type { OpenModel, Runner } from '../../../core/ports/runner.js';
import type { Inspection, Shard, ShardFeatures } from '../../../core/scan/features.js';
import type { Profile } from '../../../core/scan/profile.js';
import type { ImageSet } from '../../../core/scan/images.js';
import type { Evidence } from '../../../core/scan/result.js';

/** A cascade that computes the gains of all three rules. */
export const profile: Profile = {
  name: 'test',
  version: 1,
  images: 50,
  saliency: [
    { rule: 'guided', features: ['gain'] },
    { rule: 'rectified', features: ['gain'] },
    { rule: 'vanilla', features: ['gain'] },
  ],
  persistence: { images: 10, threshold: 0.5 },
  method: {
    kind: 'cascade',
    gainThreshold: 2,
    energyThreshold: 3.5,
    probeThreshold: 0.5,
    quietThreshold: 4,
    inversion: { windows: [3], steps: 1, rate: 0.4, betas: [0.5, 0.9], batch: 16, maskWeight: 0.02 },
  },
};

export const images: ImageSet = {
  kind: 'raw',
  digest: 'sha256:1111',
  count: 20,
  labels: Array.from({ length: 20 }, (_, i) => i % 10),
  dims: [20, 1, 4, 4],
  data: new Float32Array(20 * 16),
};

export interface FakeModel {
  readonly workers?: number;
  /** The class whose gains stand out; none: a clean model. */
  readonly target?: number;
  readonly runShard?: (shard: Shard, compute: () => ShardFeatures) => Promise<ShardFeatures>;
  readonly open?: () => Promise<void>;
}

/** A runner whose model has ten classes; it counts what is asked of it. */
export function fakeRunner(model: FakeModel = {}) {
  const calls = { opened: 0, shards: 0, confirmed: [] as number[], closed: 0, running: 0, mostRunning: 0 };
  const runner: Runner = {
    async open() {
      calls.opened++;
      await model.open?.();
      return openModel(model, calls);
    },
    close: () => Promise.resolve(),
  };
  return { runner, calls };
}

const inspection: Inspection = {
  classes: 10,
  inputDims: [1, 4, 4],
  layout: 'NCHW',
  channels: 1,
  height: 4,
  width: 4,
  inputName: 'input',
  logitsName: 'logits',
  cut: undefined,
  predictions: Array.from({ length: 20 }, (_, i) => i % 10),
  accuracy: 1,
  preprocessingHint: undefined,
  tile: { classes: 2, images: 5 },
};

function openModel(model: FakeModel, calls: ReturnType<typeof fakeRunner>['calls']): OpenModel {
  return {
    inspection,
    engine: { name: 'fake', version: '1', provider: 'cpu', threads: 1 },
    workers: model.workers ?? 2,
    async runShard(shard) {
      calls.shards++;
      calls.mostRunning = Math.max(calls.mostRunning, ++calls.running);
      try {
        await new Promise((resolve) => setImmediate(resolve));
        const compute = () => features(shard, model.target);
        return await (model.runShard ?? ((_, run) => Promise.resolve(run())))(shard, compute);
      } finally {
        calls.running--;
      }
    },
    confirm(classIndex) {
      calls.confirmed.push(classIndex);
      return Promise.resolve(evidence(classIndex, classIndex === model.target));
    },
    explain: () => Promise.reject(new Error('not asked for')),
    close() {
      calls.closed++;
      return Promise.resolve();
    },
  };
}

function features(shard: Shard, target: number | undefined): ShardFeatures {
  const width = shard.images.end - shard.images.start;
  const size = (shard.classes.end - shard.classes.start) * width;
  const gains = (scale: number) =>
    Float32Array.from({ length: size }, (_, i) => {
      const classIndex = shard.classes.start + Math.floor(i / width);
      return (classIndex === target ? 50 : 1) * scale * (1 + 0.01 * classIndex);
    });
  return {
    shard,
    values: new Map([
      ['guided.gain', gains(1)],
      ['rectified.gain', gains(2)],
      ['vanilla.gain', gains(0.5)],
    ]),
    parity: new Map(),
  };
}

function evidence(classIndex: number, invertible: boolean): Evidence {
  const mask = { dims: [4, 4], data: new Float32Array(16).fill(invertible ? 0.1 : 1) };
  const rate = invertible ? 1 : 0.1;
  return {
    classIndex,
    trigger: {
      classIndex,
      mask,
      pattern: { dims: [1, 4, 4], data: new Float32Array(16) },
      image: { height: 4, width: 4 },
      box: { top: 0, left: 0, height: 4, width: 4 },
      boxShare: 1,
      maskMass: invertible ? 1.6 : 16,
      attackSuccessRate: rate,
      energy: Math.log(invertible ? 1.6 : 16) + 5 * Math.max(0, 0.8 - rate),
      imagesFitted: 10,
      imagesJudged: 10,
    },
    probe: {
      classIndex,
      flipRate: rate,
      patch: { flipRate: rate, rule: 'vanilla', top: 0, left: 0, size: 4 },
      blend: { flipRate: 0, rule: 'vanilla', alpha: 0.1 },
    },
    heatmaps: [],
    samples: [],
  };
}
