import {
  featureNames,
  saliencyRuleNames,
  type FeatureKey,
  type Parity,
  type SaliencyRuleName,
  type Shard,
  type ShardFeatures,
} from '../../core/scan/features.js';
import { integer, list, most, oneOf, refuse } from './check.js';
import { littleEndian, floatsOf } from './floats.js';
import { readShard, writeShard, type types } from './parts.js';

type Fields = types.scan.v1.ShardFeatures.Features.$Properties;

const keys = saliencyRuleNames.flatMap((rule) =>
  featureNames.flatMap((name): FeatureKey[] => (name === 'persistent' ? [] : [`${rule}.${name}`])),
);

export function writeFeatures({ shard, values, parity }: ShardFeatures): Fields {
  return {
    shard: writeShard(shard),
    values: Array.from(values, ([key, data]) => ({ key, data: littleEndian(data) })),
    parity: Array.from(parity, ([rule, { images, height, width, bits }]) => ({ rule, images, height, width, bits })),
  };
}

export function readFeatures(fields: Fields, scanId: string): ShardFeatures {
  const shard = readShard(fields.shard, 'features.shard', scanId);
  const values = new Map<FeatureKey, Float32Array>();
  for (const { key, data } of list(fields.values, 'features.values', keys.length)) {
    const known = oneOf(key, 'features.values.key', keys);
    if (values.has(known)) refuse('features.values', `has ${known} twice`);
    values.set(known, readValues(data, known, shard));
  }
  const parity = new Map<SaliencyRuleName, Parity>();
  for (const one of list(fields.parity, 'features.parity', saliencyRuleNames.length)) {
    const rule = oneOf(one.rule, 'features.parity.rule', saliencyRuleNames);
    if (parity.has(rule)) refuse('features.parity', `has ${rule} twice`);
    parity.set(rule, readParity(one, shard));
  }
  return { shard, values, parity };
}

function readValues(data: Uint8Array | null | undefined, key: string, { classes, images }: Shard): Float32Array {
  const expected = (classes.end - classes.start) * (images.end - images.start);
  const length = data?.length ?? 0;
  if (!data || length !== 4 * expected) {
    refuse('features.values.data', `of ${key} has ${length} bytes; ${expected} values take ${4 * expected}`);
  }
  return floatsOf(data);
}

function readParity(fields: types.scan.v1.ShardFeatures.Parity.$Properties, { classes, images }: Shard): Parity {
  const height = integer(fields.height, 'features.parity.height', 1, most.side);
  const width = integer(fields.width, 'features.parity.width', 1, most.side);
  const expected = (classes.end - classes.start) * Math.ceil((height * width) / 8);
  const length = fields.bits?.length ?? 0;
  if (!fields.bits || length !== expected) {
    refuse('features.parity.bits', `has ${length} bytes; the maps of this shard take ${expected}`);
  }
  return {
    images: integer(fields.images, 'features.parity.images', 0, images.end - images.start),
    height,
    width,
    bits: Uint8Array.from(fields.bits),
  };
}
