import { ScanError } from '../scan/errors.js';
import type { CascadeMethod, PaperMethod, Profile } from '../scan/profile.js';
import type {
  ClassReport,
  DetectorReport,
  EvidenceSummary,
  Finding,
  FindingRule,
  ScanResult,
  Severity,
} from '../scan/result.js';
import { describeP, describeProbe, describeTrigger, nameClass } from './describe.js';
import type { Detection } from './detect.js';
import { cascadeScore, suspicion } from './score.js';

export type Judgement = Pick<
  ScanResult,
  'verdict' | 'reason' | 'score' | 'pValue' | 'targetClasses' | 'findings' | 'classes' | 'detectors'
>;

/**
 * The verdict from stage one and from the evidence on its candidates.
 * @throws ScanError `internal` when evidence on a candidate is missing: without stage two nothing is clean
 */
export function judge(profile: Profile, detection: Detection, evidence: readonly EvidenceSummary[]): Judgement {
  const { classes, detectors, inconclusive } = detection;
  if (inconclusive) {
    const { score, pValue } = detection;
    return {
      verdict: 'inconclusive',
      reason: inconclusive,
      score: score === undefined ? undefined : suspicion(score),
      pValue,
      targetClasses: [],
      findings: [],
      classes,
      detectors,
    };
  }
  return profile.method.kind === 'paper'
    ? judgePaper(profile.method, detection, evidence)
    : judgeCascade(profile.method, detection, evidence);
}

/**
 * An index above the threshold means "a high probability that this label is the target" (paper, "Outlier detection"), which
 * is `suspicious`: `backdoored` is kept for a trigger that was shown to work.
 */
function judgePaper(method: PaperMethod, detection: Detection, evidence: readonly EvidenceSummary[]): Judgement {
  const { flagged, classes, detectors, score, pValue } = detection;
  const [lead] = detectors;
  const findings = flagged.map((index) => {
    const shown = evidence.find(({ classIndex }) => classIndex === index);
    const value = classes[index]!.indices[lead!.id]!;
    const outlier = `the saliency maps of ${nameClass(classes[index]!)} stand out: combined index ${value.toFixed(1)}, threshold ${method.threshold}`;
    const trigger = shown ? `; ${describeTrigger(shown, 'it')}` : '';
    return finding('saliency-outlier', 'warning', classes[index]!, outlier + trigger + caveat(detection));
  });
  return {
    verdict: flagged.length > 0 ? 'suspicious' : 'clean',
    score: suspicion(score!),
    pValue,
    targetClasses: flagged,
    findings,
    classes,
    detectors,
  };
}

function judgeCascade(method: CascadeMethod, detection: Detection, evidence: readonly EvidenceSummary[]): Judgement {
  const { candidates, flagged, classes, detectors, score, pValue } = detection;
  const candidate = candidates[0]!;
  const shown = evidence.find(({ classIndex }) => classIndex === candidate);
  if (!shown) throw new ScanError('internal', `class ${candidate} was not confirmed by inversion`);
  const { energy } = shown.trigger;
  if (!Number.isFinite(energy))
    throw new ScanError('internal', `inversion of class ${candidate} gave the energy ${energy}`);
  const outlier = flagged.length > 0;
  const invertible = energy < method.energyThreshold;
  const trojan = cascadeFinding({ outlier, invertible }, classes[candidate]!, detectors[0]!, shown, method);
  return {
    verdict: outlier && invertible ? 'backdoored' : outlier || invertible ? 'suspicious' : 'clean',
    score: cascadeScore(score!, energy, method.energyThreshold),
    pValue,
    targetClasses: outlier || invertible ? [candidate] : [],
    findings: [
      ...(trojan ? [{ ...trojan, message: trojan.message + caveat(detection) }] : []),
      // A working trigger explains a small gradient of its class: poisoned images are mislabelled images.
      ...mislabelled(method, invertible && outlier ? classes.filter(({ index }) => index !== candidate) : classes),
    ],
    classes,
    detectors,
  };
}

function cascadeFinding(
  { outlier, invertible }: { readonly outlier: boolean; readonly invertible: boolean },
  target: ClassReport,
  lead: DetectorReport,
  evidence: EvidenceSummary,
  method: CascadeMethod,
): Finding | undefined {
  const name = nameClass(target);
  const trigger = describeTrigger(evidence, outlier ? 'it' : name);
  const index = `gain index ${lead.value.toFixed(1)}, threshold ${method.gainThreshold}, ${describeP(lead.pValue!)}`;
  const easy = `inversion energy ${evidence.trigger.energy.toFixed(1)}, threshold ${method.energyThreshold}`;
  const probe = evidence.probe.flipRate > method.probeThreshold ? `; ${describeProbe(evidence.probe)}` : '';
  if (outlier && invertible) {
    const full = describeTrigger(evidence, name);
    return finding(
      'backdoor-trigger',
      'error',
      target,
      `${full} (${easy}), and its saliency stands out (${index})${probe}`,
    );
  }
  if (outlier) {
    const best = `the best small trigger found is weak: ${trigger} (${easy})`;
    return finding(
      'saliency-outlier',
      'warning',
      target,
      `the saliency of ${name} stands out (${index}), but ${best}${probe}`,
    );
  }
  if (invertible) {
    const ordinary = `its saliency is ordinary (${index})`;
    return finding('invertible-trigger', 'warning', target, `${trigger} (${easy}), though ${ordinary}${probe}`);
  }
  return undefined;
}

/** QUIET looks at every class: mislabelling needs no candidate. */
function mislabelled({ quietThreshold }: CascadeMethod, classes: readonly ClassReport[]): Finding[] {
  return classes
    .filter(({ indices }) => (indices.quiet ?? 0) > quietThreshold)
    .map((report) => {
      const index = `index ${report.indices.quiet!.toFixed(1)}, threshold ${quietThreshold}`;
      const message = `the gradient of ${nameClass(report)} is unusually small (${index}), as mislabelled training images make it`;
      return finding('label-poisoning', 'note', report, message);
    });
}

function finding(rule: FindingRule, severity: Severity, { index, name }: ClassReport, message: string): Finding {
  return { rule, severity, classIndex: index, className: name, message: message[0]!.toUpperCase() + message.slice(1) };
}

function caveat({ notes }: Detection): string {
  return notes.map((note) => `; ${note}`).join('');
}
