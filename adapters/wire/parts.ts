import type { BlobReference, Lane } from '../../core/pipeline/order.js';
import { shardId } from '../../core/plan/plan.js';
import type { Range, Shard } from '../../core/scan/features.js';
import { scanErrorCodes } from '../../core/scan/errors.js';
import { obstacleCodes, type Reason, type ReasonCode } from '../../core/scan/result.js';
import { neuroninspect } from '../../proto/gen/scan-v1.js';
import type { neuroninspect as types } from '../../proto/gen/scan-v1-types.js';
import { cut, hex64, integer, list, longest, matching, most, present, refuse, text } from './check.js';

export const v1 = neuroninspect.scan.v1;
export type { types };

/** 64-bit numbers of protobuf as its library hands them over. */
type Wide = number | { toNumber(): number };

export function readBlob(
  fields: types.scan.v1.BlobReference.$Properties | null | undefined,
  name: string,
): BlobReference {
  const blob = present(fields, name);
  return {
    sha256: matching(blob.sha256, `${name}.sha256`, hex64),
    bytes: integer(blob.bytes, `${name}.bytes`, 0, most.blobBytes),
  };
}

export function readLane(value: number | null | undefined, name: string): Lane {
  if (value === v1.Lane.LANE_GATE) return 'gate';
  return value === v1.Lane.LANE_FLEET ? 'fleet' : refuse(name, `is ${value ?? 0}, which is no lane`);
}

export function writeLane(lane: Lane): types.scan.v1.Lane {
  return lane === 'gate' ? v1.Lane.LANE_GATE : v1.Lane.LANE_FLEET;
}

export function readShard(
  fields: types.scan.v1.Shard.$Properties | null | undefined,
  name: string,
  scanId: string,
): Shard {
  const { classes, images } = present(fields, name);
  const shard = {
    classes: readRange(classes, `${name}.classes`, most.classes),
    images: readRange(images, `${name}.images`, most.images),
  };
  return { id: shardId(scanId, shard.classes, shard.images), ...shard };
}

export function writeShard({ classes, images }: Shard): types.scan.v1.Shard.$Properties {
  return { classes: { ...classes }, images: { ...images } };
}

function readRange(fields: types.scan.v1.Range.$Properties | null | undefined, name: string, limit: number): Range {
  const range = present(fields, name);
  const start = integer(range.start, `${name}.start`, 0, limit - 1);
  return { start, end: integer(range.end, `${name}.end`, start + 1, limit) };
}

const reasonCodes: ReadonlySet<string> = new Set<ReasonCode>([...scanErrorCodes, ...obstacleCodes]);

/** A code that a newer sender knows stays a failure. */
export function readReason(fields: types.scan.v1.Reason.$Properties | null | undefined, name: string): Reason {
  const reason = present(fields, name);
  const code = matching(reason.code, `${name}.code`, /^[a-z][a-z0-9-]{0,63}$/);
  const message = text(reason.message, `${name}.message`, longest.message);
  return reasonCodes.has(code)
    ? { code: code as ReasonCode, message }
    : { code: 'internal', message: cut(`${code}: ${message}`, longest.message) };
}

export function writeReason({ code, message }: Reason): types.scan.v1.Reason.$Properties {
  return { code, message: cut(message, longest.message) };
}

/** Labels need no class: a label outside of the model's classes says nothing about them. */
export function readLabels(values: readonly Wide[] | null | undefined, name: string): (number | undefined)[] {
  return list(values, name, most.images).map((value) => {
    const label = integer(value, name, 0);
    return label === 0 ? undefined : label - 1;
  });
}

export function writeLabels(labels: readonly (number | undefined)[]): number[] {
  return labels.map((label) => (label === undefined ? 0 : label + 1));
}

/** Bytes of all class names of a message: a hundred thousand short ones fit. */
const maxNameBytes = 4 * 2 ** 20;

export function readClassNames(values: readonly string[] | null | undefined, name: string): string[] | undefined {
  const names = list(values, name, most.classes);
  let bytes = 0;
  for (const className of names) bytes += Buffer.byteLength(text(className, name, longest.name));
  if (bytes > maxNameBytes) refuse(name, `take ${bytes} bytes, more than ${maxNameBytes}`);
  return names.length === 0 ? undefined : [...names];
}

export function writeClassNames(names: readonly string[] | undefined): string[] {
  return (names ?? []).map((name) => cut(name, longest.name));
}

/** Milliseconds since the epoch, up to the last day of Date. */
export function readTime(value: Wide | null | undefined, name: string): number {
  return integer(value, name, 0, 8.64e15);
}
