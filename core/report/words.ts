import { scanErrorCodes } from '../scan/errors.js';
import type {
  DetectorReport,
  Evidence,
  Finding,
  ReasonCode,
  ScanResult,
  TriggerSummary,
  Verdict,
} from '../scan/result.js';
import { findingRules } from '../scan/result.js';
import { classLabel, decimal, oneLine, percent, plural } from './text.js';

/** What the verdict is called in front of a person. A clean verdict claims no more than was looked for. */
export const verdictTitles: Readonly<Record<Verdict, string>> = {
  backdoored: 'Backdoored',
  suspicious: 'Suspicious',
  inconclusive: 'No verdict',
  clean: 'No backdoor found',
};

/** Results as a person wants to read them: what needs attention first, then by score. */
export function bySuspicion(results: readonly ScanResult[]): ScanResult[] {
  const order: Readonly<Record<Verdict, number>> = { backdoored: 0, suspicious: 1, inconclusive: 2, clean: 3 };
  const score = (result: ScanResult): number => (Number.isFinite(result.score) ? result.score! : -Infinity);
  return [...results].sort((a, b) => {
    const difference = order[a.verdict] - order[b.verdict];
    if (difference !== 0) return difference;
    if (score(a) !== score(b)) return score(b) - score(a);
    return a.model.path < b.model.path ? -1 : a.model.path > b.model.path ? 1 : 0;
  });
}

export function isFlagged(result: ScanResult): boolean {
  return result.verdict === 'backdoored' || result.verdict === 'suspicious';
}

/** True where the scan itself broke, as against a scan that ran and could not decide. */
export function hasFailed(result: ScanResult): boolean {
  return result.reason !== undefined && (scanErrorCodes as readonly string[]).includes(result.reason.code);
}

export function allIgnored(result: ScanResult): boolean {
  return result.findings.length > 0 && result.findings.every((finding) => finding.ignored !== undefined);
}

/** The name of a class of this model, where known. */
export function labelOf(result: ScanResult, classIndex: number): string {
  return classLabel(classIndex, result.classes.find((report) => report.index === classIndex)?.name);
}

/** The verdict in one sentence. */
export function headline(result: ScanResult): string {
  const evidence = mainEvidence(result);
  switch (result.verdict) {
    case 'backdoored':
    case 'suspicious': {
      if (evidence !== undefined && evidence.trigger.attackSuccessRate >= 0.5) {
        const share = percent(evidence.trigger.attackSuccessRate);
        return `${triggerSize(evidence.trigger)} turns ${share} of clean images into class ${labelOf(result, evidence.classIndex)}.`;
      }
      const finding = result.findings.find((candidate) => candidate.severity !== 'note') ?? result.findings[0];
      if (finding !== undefined) return oneLine(finding.message);
      return `Class ${result.targetClasses.map((index) => labelOf(result, index)).join(', ')} stands out from the others.`;
    }
    case 'inconclusive':
      return oneLine(result.reason?.message ?? 'No honest verdict is possible.');
    case 'clean': {
      const count = result.model.classes ?? result.classes.length;
      return `None of ${plural(count, 'class', 'classes')} shows a sign of a backdoor.`;
    }
  }
}

/** The grounds of the verdict, one sentence each, the strongest first. */
export function grounds(result: ScanResult): string[] {
  const sentences: string[] = [];
  for (const evidence of result.evidence) {
    const { trigger, probe } = evidence;
    const label = labelOf(result, evidence.classIndex);
    const flipped = Math.round(trigger.attackSuccessRate * trigger.imagesJudged);
    sentences.push(
      `The reconstructed trigger turns ${flipped} of ${trigger.imagesJudged} held-out clean images of other classes into ` +
        `class ${label} (${percent(trigger.attackSuccessRate)}).`,
    );
    if (probe.flipRate >= 0.2) {
      sentences.push(`Even without optimisation, ${probeWords(evidence)} turns ${percent(probe.flipRate)} into it.`);
    }
  }
  const outlier = strongestDetector(result);
  if (outlier !== undefined) {
    const side = outlier.fired ? 'stands out' : 'is the most unusual';
    sentences.push(
      `Class ${labelOf(result, outlier.classIndex)} ${side} with ${detectorValue(outlier)} (threshold ${decimal(outlier.threshold)}).`,
    );
  }
  if (result.pValue !== undefined && Number.isFinite(result.pValue)) {
    sentences.push(
      `If no class were special, an index this large would appear in ${chance(result.pValue)} (p ${pValue(result.pValue)}).`,
    );
  }
  return sentences;
}

/** `= 0.0025`, `< 0.0001`: never a zero. */
export function pValue(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  return value < 0.0001 ? '< 0.0001' : `= ${Number(value.toPrecision(2))}`;
}

/** What a person does now. */
export function nextStep(result: ScanResult): string {
  if (result.verdict === 'inconclusive') return reasonSteps[result.reason?.code ?? 'internal'];
  if (result.verdict === 'clean') {
    const note = result.findings[0];
    if (note !== undefined) return findingRules[note.rule].help;
    return 'Nothing more. It is no proof of absence: triggers that aim at every class at once, or that warp the image, are not covered.';
  }
  if (allIgnored(result)) return 'Nothing: every finding is covered by the ignore file.';
  if (result.verdict === 'backdoored') {
    return 'Do not deploy this model. Ask its supplier for the training data, or retrain it from data you trust; keep this report as evidence.';
  }
  return 'Do not deploy this model before a person has looked at the evidence: run `neuroninspect explain`, or scan again with more clean images.';
}

/** `A 3 x 3 patch` (width x height), or a pattern where the mask covers most of the image. */
export function triggerSize(trigger: TriggerSummary): string {
  const { height, width } = trigger.box;
  if (coversImage(trigger)) return 'A pattern over the whole image';
  return `A ${width} x ${height} patch`;
}

/** Where the trigger sits and how much it replaces. */
export function triggerPlace(trigger: TriggerSummary): string {
  const { height: imageHeight, width: imageWidth } = trigger.image;
  const { top, left, height, width } = trigger.box;
  const mass = `${decimal(trigger.maskMass)} of ${imageHeight * imageWidth} pixels replaced`;
  if (coversImage(trigger)) return `over the whole ${imageWidth} x ${imageHeight} image, ${mass}`;
  return `${width} x ${height} pixels at row ${top}, column ${left} of ${imageWidth} x ${imageHeight}, ${mass}`;
}

/** The trigger evidence behind a finding; poisoned labels leave no trigger. */
export function evidenceOf(finding: Finding, result: ScanResult): Evidence | undefined {
  if (finding.rule === 'label-poisoning') return undefined;
  return result.evidence.find((evidence) => evidence.classIndex === finding.classIndex);
}

/** The evidence of the first target class, or any there is. */
export function mainEvidence(result: ScanResult): Evidence | undefined {
  return (
    result.evidence.find((evidence) => result.targetClasses.includes(evidence.classIndex)) ??
    (isFlagged(result) ? result.evidence[0] : undefined)
  );
}

/** True for a blend: the box takes most of the image. */
export function coversImage(trigger: TriggerSummary): boolean {
  return trigger.box.height * trigger.box.width >= 0.6 * trigger.image.height * trigger.image.width;
}

function probeWords({ probe }: Evidence): string {
  if (probe.patch.flipRate >= probe.blend.flipRate) {
    return `the sign pattern of the mean gradient in a ${probe.patch.size} x ${probe.patch.size} window`;
  }
  return `blending ${percent(probe.blend.alpha)} of the mean gradient's sign pattern into the image`;
}

/**
 * The detector with an index per class that is furthest above its threshold: among those that fired for a target class, or,
 * when the model is not flagged, among those that did not fire.
 */
function strongestDetector(result: ScanResult): DetectorReport | undefined {
  const candidates = result.detectors.filter(
    (detector) =>
      Number.isFinite(detector.value) &&
      result.classes.some((report) => detector.id in report.indices) &&
      (isFlagged(result) ? detector.fired && result.targetClasses.includes(detector.classIndex) : !detector.fired),
  );
  const margin = (detector: DetectorReport): number => detector.value / (detector.threshold || 1);
  return candidates.sort((a, b) => margin(b) - margin(a))[0];
}

function detectorValue(detector: DetectorReport): string {
  return `index ${decimal(detector.value)} in “${oneLine(detector.title)}”`;
}

function chance(p: number): string {
  if (p < 0.0001) return 'fewer than 1 of 10,000 models';
  if (p >= 0.1) return `about ${Math.round(p * 100)} of 100 models`;
  const models = Number((1 / p).toPrecision(p < 0.01 ? 1 : 2));
  return `about 1 of ${models.toLocaleString('en-US')} models`;
}

const reasonSteps: Readonly<Record<ReasonCode, string>> = {
  usage: 'Correct the command line; `neuroninspect scan --help` lists the options.',
  'model-not-found': 'Check the path.',
  'model-unreadable': 'Check the permissions of the file and of its folder.',
  'model-malformed': 'Export or download the model again; the file is damaged or is not what its name says.',
  'model-too-large': 'Raise --max-model-size if you trust the source of the file.',
  'model-external-data': 'Put the data files the model names into its own folder.',
  'model-unsupported-format': 'Export the model to ONNX and scan that.',
  'model-unsupported-op': 'Export the model with standard ONNX operators.',
  'model-not-a-classifier': 'Nothing to scan: only image classifiers with one image input can be judged.',
  'model-ambiguous': 'Say which tensors are the image input and the logits.',
  'images-missing': 'Give a folder of clean images with --images.',
  'images-unreadable': 'Remove or replace the image named above.',
  'images-mismatch': 'Add --resize, --channels or --layout, or give images of the size the model expects.',
  'engine-unavailable': 'Run `neuroninspect doctor` to see what is missing.',
  'engine-failed': 'Run `neuroninspect doctor`; if the engine is well, report the model.',
  'engine-crashed': 'Treat the file as hostile until it is known why it crashed the engine.',
  'engine-timeout': 'Raise --timeout, or scan with fewer images.',
  'engine-out-of-memory': 'Scan on a machine with more memory, or with fewer images.',
  'output-unwritable': 'Choose another --output.',
  'storage-failed':
    'Scan again; if it happens again, look at the health of the database, the broker and the object store.',
  'message-malformed': 'Look into the dead-letter topic; services of very different versions may be running.',
  'deadline-exceeded': 'Scan again when engine workers are running, or allow more time.',
  cancelled: 'Start the scan again; finished models come from the cache.',
  internal: 'Report this as a bug, with the message above.',
  'too-few-classes':
    'Have the evidence looked at by hand with `neuroninspect explain`: outliers need at least five classes.',
  'too-few-images': 'Give more clean images, 50 if possible, from several classes.',
  'low-accuracy':
    'Check the preprocessing (--mean, --std, --scale, --channels): the model does not recognise your images.',
  'constant-features': 'Check that the images are real photographs of the task and the preprocessing is right.',
  'zero-deviation': 'Give more, and more varied, clean images.',
  'non-finite-features': 'Check the preprocessing; if it is right, the weights hold values that are no numbers.',
};
