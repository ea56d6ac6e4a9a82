import type { BlobReference } from '../../core/pipeline/order.js';
import type { EvidenceSummary, ProbeReport, TriggerSummary } from '../../core/scan/result.js';
import { cut, integer, longest, most, present, text } from './check.js';
import { readBlob, type types } from './parts.js';

type Fields = types.scan.v1.ShardFeatures.Evidence.$Properties;

export function writeEvidenceSummary(evidence: EvidenceSummary, pictures: BlobReference): Fields {
  const { trigger, probe, className } = evidence;
  return {
    classIndex: evidence.classIndex,
    ...(className === undefined ? {} : { className: cut(className, longest.name) }),
    trigger: {
      imageHeight: trigger.image.height,
      imageWidth: trigger.image.width,
      ...trigger.box,
      boxShare: trigger.boxShare,
      maskMass: trigger.maskMass,
      attackSuccessRate: trigger.attackSuccessRate,
      energy: trigger.energy,
      imagesFitted: trigger.imagesFitted,
      imagesJudged: trigger.imagesJudged,
    },
    probe: {
      flipRate: probe.flipRate,
      patchFlipRate: probe.patch.flipRate,
      patchRule: probe.patch.rule,
      patchTop: probe.patch.top,
      patchLeft: probe.patch.left,
      patchSize: probe.patch.size,
      blendFlipRate: probe.blend.flipRate,
      blendRule: probe.blend.rule,
      blendAlpha: probe.blend.alpha,
    },
    pictures: { sha256: pictures.sha256, bytes: pictures.bytes },
  };
}

export function readEvidenceSummary(fields: Fields): {
  readonly evidence: EvidenceSummary;
  readonly pictures: BlobReference;
} {
  const classIndex = integer(fields.classIndex, 'evidence.class_index', 0, most.classes - 1);
  const { className } = fields;
  return {
    evidence: {
      classIndex,
      ...(typeof className === 'string' ? { className: text(className, 'evidence.class_name', longest.name) } : {}),
      trigger: readTrigger(fields.trigger, classIndex),
      probe: readProbe(fields.probe, classIndex),
    },
    pictures: readBlob(fields.pictures, 'evidence.pictures'),
  };
}

/** Rates and masses may be NaN where no image was left to judge by, so only whole numbers have bounds. */
function readTrigger(fields: Fields['trigger'], classIndex: number): TriggerSummary {
  const trigger = present(fields, 'evidence.trigger');
  const pixels = (value: number | null | undefined, name: string, low = 0) =>
    integer(value, `evidence.trigger.${name}`, low, most.side);
  return {
    classIndex,
    image: {
      height: pixels(trigger.imageHeight, 'image_height', 1),
      width: pixels(trigger.imageWidth, 'image_width', 1),
    },
    box: {
      top: pixels(trigger.top, 'top'),
      left: pixels(trigger.left, 'left'),
      height: pixels(trigger.height, 'height'),
      width: pixels(trigger.width, 'width'),
    },
    boxShare: trigger.boxShare ?? 0,
    maskMass: trigger.maskMass ?? 0,
    attackSuccessRate: trigger.attackSuccessRate ?? 0,
    energy: trigger.energy ?? 0,
    imagesFitted: integer(trigger.imagesFitted, 'evidence.trigger.images_fitted', 0, most.images),
    imagesJudged: integer(trigger.imagesJudged, 'evidence.trigger.images_judged', 0, most.images),
  };
}

function readProbe(fields: Fields['probe'], classIndex: number): ProbeReport {
  const probe = present(fields, 'evidence.probe');
  return {
    classIndex,
    flipRate: probe.flipRate ?? 0,
    patch: {
      flipRate: probe.patchFlipRate ?? 0,
      rule: text(probe.patchRule, 'evidence.probe.patch_rule', longest.word),
      top: integer(probe.patchTop, 'evidence.probe.patch_top', 0, most.side),
      left: integer(probe.patchLeft, 'evidence.probe.patch_left', 0, most.side),
      size: integer(probe.patchSize, 'evidence.probe.patch_size', 0, most.side),
    },
    blend: {
      flipRate: probe.blendFlipRate ?? 0,
      rule: text(probe.blendRule, 'evidence.probe.blend_rule', longest.word),
      alpha: probe.blendAlpha ?? 0,
    },
  };
}
