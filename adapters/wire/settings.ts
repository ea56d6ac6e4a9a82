import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { ScanError } from '../../core/scan/errors.js';
import { featureNames, saliencyRuleNames } from '../../core/scan/features.js';
import { canonicalJson, type ScanSettings } from '../../core/scan/scan-id.js';

/**
 * The settings of a scan from their canonical JSON. Nothing may be left over: a setting that this version does not know
 * could change the verdict, and the hash of the text is part of the scan id.
 *
 * @throws ScanError `message-malformed`.
 */
export function parseSettings(text: string): ScanSettings {
  const known = accepted.get(text);
  if (known) return known;
  const settings = parse(text);
  accepted.set(text, settings);
  return settings;
}

/** Checking costs milliseconds, and all scans of a fleet have the same settings. */
const accepted = new LRUCache<string, ScanSettings>({ max: 32 });

function parse(text: string): ScanSettings {
  try {
    if (text.length > maxCharacters) throw new RangeError(`longer than ${maxCharacters} characters`);
    const checked = scanSettings.safeParse(JSON.parse(text));
    if (!checked.success) throw new TypeError(z.prettifyError(checked.error));
    if (canonicalJson(checked.data) !== text)
      throw new TypeError('not canonical: keys must be sorted, without white space');
    return checked.data;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ScanError('message-malformed', `these are no settings of a scan: ${why}`, { cause: thrown });
  }
}

const maxCharacters = 65_536;

const count = z.int().min(1).max(100_000);
const rule = z.enum(saliencyRuleNames);
const unit = z.number().min(0).max(1);
const weights = z.tuple([z.number(), z.number(), z.number()]);
const perChannel = z.array(z.number()).min(1).max(64).optional();
const side = z.int().min(1).max(65_536);
const valueName = z.string().max(16_384).optional();

const method = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('paper'),
    rule,
    weights: z.strictObject({ gray: weights, colour: weights }),
    threshold: z.number(),
  }),
  z.strictObject({
    kind: z.literal('cascade'),
    gainThreshold: z.number(),
    energyThreshold: z.number(),
    probeThreshold: z.number(),
    quietThreshold: z.number(),
    inversion: z.strictObject({
      windows: z.array(side).max(64),
      steps: z.int().min(0).max(100_000),
      rate: z.number(),
      betas: z.tuple([unit, unit]),
      batch: count,
      maskWeight: z.number(),
    }),
  }),
]);

const scanSettings = z.strictObject({
  profile: z.strictObject({
    name: z.string().min(1).max(200),
    version: z.int().min(0),
    images: count,
    saliency: z
      .array(z.strictObject({ rule, features: z.array(z.enum(featureNames)).min(1).max(featureNames.length) }))
      .min(1)
      .max(saliencyRuleNames.length)
      .refine((programs) => new Set(programs.map((program) => program.rule)).size === programs.length, 'a rule twice'),
    persistence: z.strictObject({ images: z.int().min(0).max(100_000), threshold: z.number() }),
    method,
  }),
  preprocessing: z.strictObject({
    layout: z.enum(['NCHW', 'NHWC']).optional(),
    channels: z.enum(['rgb', 'bgr', 'gray']).optional(),
    resize: z.tuple([side, side]).optional(),
    scale: z.number().optional(),
    mean: perChannel,
    std: perChannel,
  }),
  selection: z.strictObject({ inputName: valueName, logitsName: valueName }),
}) satisfies z.ZodType<ScanSettings>;
