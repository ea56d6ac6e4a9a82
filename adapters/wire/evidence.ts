import { z } from 'zod';
import { ScanError } from '../../core/scan/errors.js';
import type { Evidence, Plane } from '../../core/scan/result.js';
import { longest, most } from './check.js';
import { parseExact, stringifyExact } from './json.js';

/** A few pictures of the model's input size, as base64 of float32 values. */
export const maxEvidenceBytes = 256 * 2 ** 20;

/** All evidence of one class, pictures included: an object of the object store. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  return new TextEncoder().encode(stringifyExact(evidence));
}

/** @throws ScanError `message-malformed`. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  if (bytes.length > maxEvidenceBytes) {
    throw malformed(bytes, `it is longer than ${maxEvidenceBytes} bytes`);
  }
  let value: unknown;
  try {
    value = parseExact(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw malformed(bytes, thrown instanceof Error ? thrown.message : String(thrown));
  }
  const checked = evidenceSchema.safeParse(value);
  if (!checked.success) throw malformed(bytes, z.prettifyError(checked.error));
  return checked.data;
}

function malformed(bytes: Uint8Array, why: string): ScanError {
  return new ScanError('message-malformed', `evidence of ${bytes.length} bytes cannot be read: ${why}`);
}

/** Rates and masses may be NaN where no image was left to judge by. */
const anyNumber = z.custom<number>((value) => typeof value === 'number', 'not a number');
const classIndex = z
  .int()
  .min(0)
  .max(most.classes - 1);
/** -1 where a logit is not a number. */
const answer = z
  .int()
  .min(-1)
  .max(most.classes - 1);
const pixels = z.int().min(0).max(most.side);
const images = z.int().min(0).max(most.images);
const word = z.string().max(longest.word);
/** Longer than what messages allow: the name of an image comes from a path. */
const name = z.string().max(65_536);

const plane = z
  .object({
    dims: z.array(z.int().min(1).max(most.side)).min(1).max(4),
    data: z.custom<Float32Array>((value) => value instanceof Float32Array, 'not a Float32Array'),
  })
  .refine(
    ({ dims, data }) => dims.reduce((product, extent) => product * extent, 1) === data.length,
    'dims and length of the data differ',
  ) satisfies z.ZodType<Plane>;

const evidenceSchema = z.object({
  classIndex,
  className: name.optional(),
  trigger: z.object({
    classIndex,
    image: z.object({ height: pixels, width: pixels }),
    box: z.object({ top: pixels, left: pixels, height: pixels, width: pixels }),
    boxShare: anyNumber,
    maskMass: anyNumber,
    attackSuccessRate: anyNumber,
    energy: anyNumber,
    imagesFitted: images,
    imagesJudged: images,
    mask: plane,
    pattern: plane,
  }),
  probe: z.object({
    classIndex,
    flipRate: anyNumber,
    patch: z.object({ flipRate: anyNumber, rule: word, top: pixels, left: pixels, size: pixels }),
    blend: z.object({ flipRate: anyNumber, rule: word, alpha: anyNumber }),
  }),
  heatmaps: z.array(z.object({ classIndex, role: z.enum(['flagged', 'typical']), map: plane })).max(64),
  samples: z
    .array(z.object({ name, clean: plane, triggered: plane, cleanClass: answer, triggeredClass: answer }))
    .max(64),
}) satisfies z.ZodType<Evidence>;
