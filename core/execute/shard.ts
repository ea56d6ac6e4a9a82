import type { ProgramOutput } from '../compile/program.js';
import { persistenceImages } from '../features/persistent.js';
import { sizeOf } from '../onnx/tensor.js';
import type { FeatureKey, Parity, SaliencyRuleName, Shard, ShardFeatures } from '../scan/features.js';
import { axesOf } from '../scan/fit-images.js';
import type { Profile } from '../scan/profile.js';
import { filledUp, oneHot, type BoundModel, type Execution } from './programs.js';
import type { RunShapes, Tile } from './tile.js';

/** Runs the saliency programs of the profile over one shard, tile by tile, and within a tile run by run. */
export async function runShard(
  { programs, model, input, tile, runs }: Execution,
  profile: Profile,
  shard: Shard,
): Promise<ShardFeatures> {
  const width = shard.images.end - shard.images.start;
  const height = shard.classes.end - shard.classes.start;
  const size = sizeOf(model.inputDims);
  const persistent = persistenceImages(profile, input.dims[0]!);
  const values = new Map<FeatureKey, Float32Array>();
  const parity = new Map<SaliencyRuleName, MutableParity>();
  for (const { rule, features } of profile.saliency) {
    for (const feature of features) {
      if (feature === 'persistent')
        parity.set(
          rule,
          emptyParity(model, height, Math.max(0, Math.min(persistent, shard.images.end) - shard.images.start)),
        );
      else values.set(`${rule}.${feature}`, new Float32Array(height * width));
    }
  }

  for (const [from, to, first, last, { rule, features }] of runsOf(shard, tile, runs, profile)) {
    const classes = Array.from({ length: last - first }, (_, i) => first + i);
    const count = model.fixedBatch ?? to - from;
    const images = filledUp(input.data.subarray(from * size, to * size), size, count);
    const chosen = Float32Array.from({ length: count }, (_, i) => (from + i < Math.min(to, persistent) ? 1 : 0));
    const outputs = features.map((feature): ProgramOutput => (feature === 'persistent' ? 'parity' : feature));
    const result = await programs.run(
      { rule, objective: 'logit', outputs, threshold: profile.persistence.threshold },
      count,
      images,
      oneHot(classes, model.classes),
      outputs.includes('parity') ? chosen : undefined,
    );
    for (const feature of features) {
      if (feature === 'persistent') {
        xorMaps(parity.get(rule)!, first - shard.classes.start, result.get('parity')!.data as Uint8Array);
        continue;
      }
      const data = result.get(feature)!.data as Float32Array;
      const target = values.get(`${rule}.${feature}`)!;
      for (let row = 0; row < classes.length; row++) {
        const part = data.subarray(row * count, row * count + (to - from));
        target.set(part, (first - shard.classes.start + row) * width + from - shard.images.start);
      }
    }
  }
  return { shard, values, parity };
}

type MutableParity = { -readonly [Key in keyof Parity]: Parity[Key] };

function emptyParity(model: BoundModel, classes: number, images: number): MutableParity {
  const [, height, width] = axesOf(model.inputDims, model.layout);
  return { images, height, width, bits: new Uint8Array(classes * Math.ceil((height * width) / 8)) };
}

function xorMaps({ height, width, bits }: MutableParity, firstRow: number, maps: Uint8Array): void {
  const pixels = height * width;
  const bytes = Math.ceil(pixels / 8);
  for (let row = 0; row * pixels < maps.length; row++) {
    const offset = (firstRow + row) * bytes;
    for (let i = 0; i < pixels; i++) bits[offset + (i >> 3)]! ^= maps[row * pixels + i]! << (i & 7);
  }
}

type Run = readonly [from: number, to: number, first: number, last: number, saliency: Profile['saliency'][number]];

/** Images from..to and classes first..last of every engine run, by tile and rule. */
function* runsOf({ images, classes }: Shard, tile: Tile, runs: RunShapes['runs'], profile: Profile): Generator<Run> {
  for (const [tileFrom, tileTo] of steps(images.start, images.end, tile.images))
    for (const [tileFirst, tileLast] of steps(classes.start, classes.end, tile.classes))
      for (const saliency of profile.saliency)
        for (const [from, to] of steps(tileFrom, tileTo, runs[saliency.rule].images))
          for (const [first, last] of steps(tileFirst, tileLast, runs[saliency.rule].classes))
            yield [from, to, first, last, saliency];
}

function* steps(start: number, end: number, size: number): Generator<[number, number]> {
  for (let from = start; from < end; from += size) yield [from, Math.min(from + size, end)];
}
