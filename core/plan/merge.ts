import { ScanError } from '../scan/errors.js';
import type { FeatureKey, Parity, SaliencyRuleName, ScanFeatures, Shard, ShardFeatures } from '../scan/features.js';

export type Merge =
  | { readonly complete: true; readonly features: ScanFeatures }
  | { readonly complete: false; readonly missing: readonly Shard[] };

/**
 * Joins the results of a plan's shards: values are put side by side, parity bit maps are XORed over the images.
 *
 * The outcome depends on the set of results only. Order does not matter and a shard that came twice counts once; should
 * two results of one shard differ (other hardware on a retry), the one whose bytes sort first is taken, whoever came first.
 *
 * @throws ScanError `internal` for a result that is not of this plan or does not have its shard's shape.
 */
export function mergeShards(plan: readonly Shard[], results: Iterable<ShardFeatures>): Merge {
  const byId = new Map<string, ShardFeatures>();
  const planned = new Map(plan.map((shard) => [shard.id, shard]));
  for (const result of results) {
    checkResult(result, planned.get(result.shard.id));
    const other = byId.get(result.shard.id);
    if (other === undefined || compareResults(result, other) < 0) byId.set(result.shard.id, result);
  }
  const missing = plan.filter((shard) => !byId.has(shard.id));
  if (missing.length > 0) return { complete: false, missing };
  return { complete: true, features: join(plan.map((shard) => byId.get(shard.id)!)) };
}

function join(results: readonly ShardFeatures[]): ScanFeatures {
  const classes = Math.max(0, ...results.map(({ shard }) => shard.classes.end));
  const images = Math.max(0, ...results.map(({ shard }) => shard.images.end));
  const parityRules = [...new Set(results.flatMap(({ parity }) => [...parity.keys()]))].sort();
  return {
    classes,
    images,
    values: new Map(sharedKeys(results).map((key) => [key, joinValues(results, key, classes, images)])),
    parity: new Map(parityRules.map((rule) => [rule, joinParity(results, rule, classes)])),
  };
}

function joinValues(results: readonly ShardFeatures[], key: FeatureKey, classes: number, images: number): Float32Array {
  const joined = new Float32Array(classes * images);
  for (const { shard, values } of results) {
    const part = values.get(key)!;
    const width = shard.images.end - shard.images.start;
    for (let row = shard.classes.start; row < shard.classes.end; row++) {
      const from = (row - shard.classes.start) * width;
      joined.set(part.subarray(from, from + width), row * images + shard.images.start);
    }
  }
  return joined;
}

function joinParity(results: readonly ShardFeatures[], rule: SaliencyRuleName, classes: number): Parity {
  const { height, width } = results.find(({ parity }) => parity.has(rule))!.parity.get(rule)!;
  const bytes = bytesPerMap(height, width);
  const bits = new Uint8Array(classes * bytes);
  const counts = new Uint32Array(classes);
  for (const { shard, parity } of results) {
    const part = parity.get(rule);
    // A shard beyond the images that count for persistence may leave the map out.
    if (part === undefined) continue;
    if (part.height !== height || part.width !== width) {
      throw refused(shard, `its ${rule} maps are ${part.height} x ${part.width}, others ${height} x ${width}`);
    }
    const offset = shard.classes.start * bytes;
    for (let i = 0; i < part.bits.length; i++) bits[offset + i]! ^= part.bits[i]!;
    for (let c = shard.classes.start; c < shard.classes.end; c++) counts[c]! += part.images;
  }
  const uneven = counts.findIndex((count) => count !== counts[0]);
  if (uneven >= 0) {
    throw new ScanError(
      'internal',
      `the ${rule} parity of class ${uneven} is over ${counts[uneven]} maps, that of class 0 over ${counts[0]}`,
    );
  }
  return { images: counts[0] ?? 0, height, width, bits };
}

function checkResult(result: ShardFeatures, planned: Shard | undefined): void {
  const { shard, values, parity } = result;
  if (planned === undefined) throw refused(shard, 'this shard is not in the plan');
  for (const axis of ['classes', 'images'] as const) {
    if (shard[axis].start !== planned[axis].start || shard[axis].end !== planned[axis].end) {
      throw refused(shard, `its ${axis} are ${shard[axis].start}-${shard[axis].end}, the plan says otherwise`);
    }
  }
  const classes = shard.classes.end - shard.classes.start;
  const images = shard.images.end - shard.images.start;
  for (const [key, data] of values) {
    if (data.length !== classes * images) {
      throw refused(shard, `${key} has ${data.length} values, not ${classes} x ${images}`);
    }
  }
  for (const [rule, { bits, height, width, images: maps }] of parity) {
    if (bits.length !== classes * bytesPerMap(height, width)) {
      throw refused(shard, `the ${rule} parity has ${bits.length} bytes for ${classes} maps of ${height} x ${width}`);
    }
    if (!Number.isInteger(maps) || maps < 0 || maps > images) {
      throw refused(shard, `the ${rule} parity is over ${maps} maps of ${images} images`);
    }
  }
}

function sharedKeys(results: readonly ShardFeatures[]): FeatureKey[] {
  const [first, ...rest] = results.map(({ shard, values }) => ({ shard, keys: [...values.keys()].sort() }));
  for (const { shard, keys } of rest) {
    if (keys.join() !== first!.keys.join()) {
      throw refused(shard, `it has [${keys.join(', ')}], others have [${first!.keys.join(', ')}]`);
    }
  }
  return first?.keys ?? [];
}

/** A total order of results of one shard, by bytes: what is picked among unequal duplicates cannot depend on arrival. */
function compareResults(a: ShardFeatures, b: ShardFeatures): number {
  const [left, right] = [chunksOf(a), chunksOf(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareBytes(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function chunksOf({ values, parity }: ShardFeatures): Uint8Array[] {
  const text = (value: string) => Uint8Array.from(value, (char) => char.charCodeAt(0));
  return [
    ...[...values.keys()].sort().flatMap((key) => {
      const data = values.get(key)!;
      return [text(key), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
    }),
    ...[...parity.keys()].sort().flatMap((rule) => {
      const { images, height, width, bits } = parity.get(rule)!;
      return [text(`${rule} ${images} ${height} ${width}`), bits];
    }),
  ];
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function bytesPerMap(height: number, width: number): number {
  return Math.ceil((height * width) / 8);
}

function refused(shard: Shard, why: string): ScanError {
  return new ScanError('internal', `result of shard ${shard.id} refused: ${why}`);
}
