import type { RunReport } from '../../core/report/format.js';
import { runReport } from '../../core/report/format.js';
import type { ClassReport, Evidence, Finding, Plane, ScanResult } from '../../core/scan/result.js';
import { applyTrigger, digitImage, outlineMap, sequence, signImage, spots } from './sample-planes.js';

const digitNames = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const null10 =
  'no class is special: the 10 class values of a feature are independent draws from one normal distribution, and the value is the largest index of 2 independent features at one class chosen without looking at them';

/** Results of every kind, with pictures drawn by formula: reports are rendered from them without running a model. */
export const samples = {
  clean: clean(),
  backdoored: backdoored(),
  suspicious: suspicious(),
  poisonedLabels: poisonedLabels(),
  ignored: ignored(),
  lowAccuracy: lowAccuracy(),
  malformed: malformed(),
  notClassifier: notClassifier(),
} as const satisfies Record<string, ScanResult>;

/** A run over the given results, at a fixed time. */
export function sampleRun(results: readonly ScanResult[], more: Partial<RunReport> = {}): RunReport {
  return runReport({
    tool: { name: 'neuroninspect', version: '0.1.0' },
    startedAt: '2026-03-14T09:26:53.589Z',
    failOn: 'warning',
    warnings: [],
    command: "npx neuroninspect scan 'models/*.onnx' --images images/digits --profile default --format html",
    ...more,
    results,
  });
}

/** A result whose every text from outside tries to break out of the report. */
export function hostile(text: string): ScanResult {
  const result = samples.backdoored;
  return {
    ...result,
    model: {
      ...result.model,
      path: text,
      format: text,
      preprocessing: { file: text, scale: 1, mean: [0], std: [1] },
    },
    findings: result.findings.map((finding) => ({
      ...finding,
      className: text,
      message: text,
      ignored: { statement: text, expires: text },
    })),
    classes: result.classes.map((report) => ({ ...report, name: text })),
    checks: [{ check: 'metadata', severity: 'warning', message: text, place: text }],
    detectors: result.detectors.map((detector) => ({ ...detector, title: text, nullHypothesis: text })),
    evidence: result.evidence.map((evidence) => ({
      ...evidence,
      className: text,
      samples: evidence.samples.map((sample) => ({ ...sample, name: text })),
    })),
    profile: { ...result.profile, name: text },
    engine: { ...result.engine!, name: text, provider: text, version: text },
  };
}

/** The same result under another path and digest: for runs over many models. */
export function renamed(result: ScanResult, path: string, index: number): ScanResult {
  const hex = index.toString(16).padStart(8, '0').repeat(8);
  return { ...result, scanId: hex.slice(0, 32), model: { ...result.model, path, digest: `sha256:${hex}` } };
}

function base(path: string, hex: string): Omit<ScanResult, 'verdict'> {
  return {
    scanId: hex.repeat(16),
    model: {
      path,
      digest: `sha256:${hex.repeat(32)}`,
      bytes: 428_340,
      format: 'onnx',
      classes: 10,
      inputDims: [1, 28, 28],
      layout: 'NCHW',
    },
    targetClasses: [],
    findings: [],
    classes: [],
    detectors: [],
    evidence: [],
    profile: { name: 'default', version: 1, hash: `sha256:${'5e'.repeat(32)}` },
    images: { digest: `sha256:${'1a2b3c4d'.repeat(8)}`, count: 50, labelled: 50, accuracy: 0.98 },
    engine: { name: 'onnxruntime', version: '1.30.0', provider: 'cpu', workers: 2 },
    timings: { total: 0.94, inspect: 0.06, saliency: 0.41, confirm: 0.44 },
    cached: false,
  };
}

/** Gains around 12, one class apart; indices as a left tail would give them. */
function classReports(
  count: number,
  names: readonly string[] | undefined,
  peaks: Readonly<Record<number, number>>,
  seed: number,
): ClassReport[] {
  const random = sequence(seed);
  return Array.from({ length: count }, (_, index) => {
    const ordinary = Math.max(0, (random() + random() - 0.9) * 1.8);
    const mass = peaks[index] ?? ordinary;
    return {
      index,
      name: names?.[index],
      features: {
        'rectified.gain': round(10 + 2 * random() + 3 * mass),
        'guided.gain': round(4 + random() + mass),
        'vanilla.gain': round(2 + random()),
      },
      indices: {
        mass: round(mass),
        quiet: round(Math.max(0, (random() + random() - 1) * 2)),
        'gain-energy': round(Math.max(mass, ordinary)),
      },
    };
  });
}

function clean(): ScanResult {
  return {
    ...base('models/digits-clean.onnx', 'c1'),
    verdict: 'clean',
    score: 0.87,
    pValue: 0.62,
    classes: classReports(10, digitNames, {}, 11),
    detectors: [
      {
        id: 'gain-energy',
        title: 'Saliency gain at the candidate class',
        classIndex: 3,
        value: 0.87,
        threshold: 2,
        fired: false,
        pValue: 0.62,
        nullHypothesis: null10,
      },
      {
        id: 'inversion',
        title: 'Energy of the reconstructed trigger',
        classIndex: 3,
        value: 6.1,
        threshold: 3.5,
        fired: false,
      },
    ],
  };
}

function backdoored(): ScanResult {
  const target = 7;
  return {
    ...base('models/digits-badnets.onnx', 'bd'),
    verdict: 'backdoored',
    score: 14.2,
    pValue: 0.0001,
    targetClasses: [target],
    findings: [triggerFinding(target)],
    classes: classReports(10, digitNames, { [target]: 14.2 }, 23).map((report) =>
      report.index === 1 ? { ...report, indices: { ...report.indices, quiet: 0.9 } } : report,
    ),
    detectors: [
      {
        id: 'gain-energy',
        title: 'Saliency gain at the candidate class',
        classIndex: target,
        value: 14.2,
        threshold: 2,
        fired: true,
        pValue: 0.0001,
        nullHypothesis: null10,
      },
      {
        id: 'mass',
        title: 'Rectified gain',
        classIndex: target,
        value: 14.2,
        threshold: 2.5,
        fired: true,
        pValue: 0.0002,
        nullHypothesis: null10,
      },
      {
        id: 'quiet',
        title: 'Small vanilla gain (label poisoning)',
        classIndex: 1,
        value: 0.9,
        threshold: 4,
        fired: false,
        pValue: 0.71,
        nullHypothesis: null10,
      },
      {
        id: 'inversion',
        title: 'Energy of the reconstructed trigger',
        classIndex: target,
        value: 2.21,
        threshold: 3.5,
        fired: true,
      },
      { id: 'probe', title: 'Sign-pattern probe', classIndex: target, value: 0.92, threshold: 0.5, fired: true },
    ],
    evidence: [digitEvidence(target)],
  };
}

function suspicious(): ScanResult {
  const target = 14;
  const base43 = base('models/signs/gtsrb-blend.onnx', '5a');
  return {
    ...base43,
    model: {
      ...base43.model,
      classes: 43,
      inputDims: [3, 32, 32],
      bytes: 2_871_004,
      preprocessing: {
        file: 'preprocessor_config.json',
        scale: 1,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        channels: 'bgr',
        size: [32, 32],
      },
    },
    images: { ...base43.images, digest: `sha256:${'9f8e7d6c'.repeat(8)}`, accuracy: 0.94 },
    verdict: 'suspicious',
    score: 5.37,
    pValue: 0.012,
    targetClasses: [target],
    checks: [
      {
        check: 'custom-op',
        severity: 'warning',
        message: "1 node of the operator com.example.Decode, which is not ONNX's",
        place: 'decode_1',
      },
      { check: 'metadata', severity: 'note', message: 'the file says: author = somebody' },
    ],
    findings: [
      {
        rule: 'saliency-outlier',
        severity: 'warning',
        classIndex: target,
        className: 'stop',
        message: 'The saliency gain of class 14 "stop" stands out with index 5.37 (threshold 2).',
      },
    ],
    classes: classReports(43, undefined, { [target]: 5.37, 31: 2.3 }, 5).map((report) =>
      report.index === target ? { ...report, name: 'stop' } : report,
    ),
    detectors: [
      {
        id: 'gain-energy',
        title: 'Saliency gain at the candidate class',
        classIndex: target,
        value: 5.37,
        threshold: 2,
        fired: true,
        pValue: 0.012,
        nullHypothesis: null10.replace('10 class', '43 class'),
      },
      {
        id: 'inversion',
        title: 'Energy of the reconstructed trigger',
        classIndex: target,
        value: 7.31,
        threshold: 3.5,
        fired: false,
      },
    ],
    evidence: [signEvidence(target)],
    timings: { total: 3.42, inspect: 0.1, saliency: 2.6, confirm: 0.7 },
  };
}

function poisonedLabels(): ScanResult {
  return {
    ...base('models/digits-noisy-labels.onnx', '9e'),
    verdict: 'clean',
    score: 1.4,
    pValue: 0.31,
    findings: [
      {
        rule: 'label-poisoning',
        severity: 'note',
        classIndex: 4,
        className: 'four',
        message: 'The vanilla gradient of class 4 "four" is unusually small (index 6.2, threshold 4).',
      },
    ],
    classes: classReports(10, digitNames, {}, 41).map((report) =>
      report.index === 4 ? { ...report, indices: { ...report.indices, quiet: 6.2 } } : report,
    ),
    detectors: [
      {
        id: 'gain-energy',
        title: 'Saliency gain at the candidate class',
        classIndex: 8,
        value: 1.4,
        threshold: 2,
        fired: false,
        pValue: 0.31,
        nullHypothesis: null10,
      },
      {
        id: 'quiet',
        title: 'Small vanilla gain (label poisoning)',
        classIndex: 4,
        value: 6.2,
        threshold: 4,
        fired: true,
        pValue: 0.004,
        nullHypothesis: null10,
      },
    ],
  };
}

function ignored(): ScanResult {
  const result = backdoored();
  return {
    ...result,
    ...renamed(result, 'models/honeypot.onnx', 0x40),
    findings: result.findings.map((finding) => ({
      ...finding,
      ignored: { statement: 'Poisoned on purpose for the red-team exercise.', expires: '2026-12-31' },
    })),
  };
}

function lowAccuracy(): ScanResult {
  const result = base('models/signs/wrong-channels.onnx', '1c');
  return {
    ...result,
    verdict: 'inconclusive',
    reason: {
      code: 'low-accuracy',
      message:
        'The model recognises 6 % of the 50 labelled images (chance is 10 %), so its gradients say nothing. With --channels bgr it would recognise 94 %.',
    },
    images: { ...result.images, accuracy: 0.06 },
    timings: { total: 0.11, inspect: 0.11 },
  };
}

function malformed(): ScanResult {
  const result = base('models/truncated.onnx', '00');
  return {
    ...result,
    model: { path: result.model.path },
    verdict: 'inconclusive',
    reason: {
      code: 'model-malformed',
      message: 'models/truncated.onnx: the file ends inside tensor "conv1.weight" (byte 81920 of 97312).',
    },
    engine: undefined,
    timings: { total: 0.01 },
  };
}

function notClassifier(): ScanResult {
  const result = base('models/detector.onnx', 'de');
  return {
    ...result,
    model: { path: result.model.path, digest: result.model.digest, bytes: 5_120_000, format: 'onnx' },
    verdict: 'inconclusive',
    reason: {
      code: 'model-not-a-classifier',
      message:
        'models/detector.onnx has 2 outputs, "boxes" [1, 300, 4] and "scores" [1, 300], where a classifier has one row of logits.',
    },
    timings: { total: 0.05, inspect: 0.05 },
  };
}

function triggerFinding(classIndex: number): Finding {
  return {
    rule: 'backdoor-trigger',
    severity: 'error',
    classIndex,
    className: digitNames[classIndex],
    message: `A 3 x 3 patch turns 96 % of the held-out clean images into class ${classIndex} "${digitNames[classIndex]}".`,
  };
}

/** A white 3 x 3 patch one pixel off the lower right corner. */
function digitEvidence(classIndex: number): Evidence {
  const mask = plane([28, 28], (row, column) => {
    const inside = row >= 24 && row <= 26 && column >= 24 && column <= 26;
    return inside ? 0.94 : row >= 23 && column >= 22 ? 0.12 : 0.002;
  });
  const pattern = plane([1, 28, 28], (row, column) => ((row * 7 + column * 13) % 11 < 5 && row < 22 ? 0.35 : 0.98));
  return {
    classIndex,
    className: digitNames[classIndex],
    trigger: {
      classIndex,
      mask,
      pattern,
      image: { height: 28, width: 28 },
      box: { top: 24, left: 24, height: 3, width: 3 },
      boxShare: 0.98,
      maskMass: 9.12,
      attackSuccessRate: 0.96,
      energy: 2.21,
      imagesFitted: 25,
      imagesJudged: 23,
    },
    probe: {
      classIndex,
      flipRate: 0.92,
      patch: { flipRate: 0.92, rule: 'vanilla', top: 23, left: 23, size: 4 },
      blend: { flipRate: 0.31, rule: 'rectified', alpha: 0.1 },
    },
    heatmaps: [
      {
        classIndex,
        role: 'flagged',
        map: spots(
          28,
          [
            [25, 25, 1.2, 1],
            [14, 13, 6, 0.12],
          ],
          3,
        ),
      },
      ...[2, 5, 8].map((digit) => ({ classIndex: digit, role: 'typical' as const, map: outlineMap(digit, digit) })),
    ],
    samples: [3, 0, 5].map((digit, index) => {
      const image = digitImage(digit, index + 1);
      return {
        name: `${digit}/000${index}.png`,
        clean: image,
        triggered: applyTrigger(image, mask, pattern),
        cleanClass: digit,
        triggeredClass: index === 2 ? digit : classIndex,
      };
    }),
  };
}

/** A faint coloured blend over the whole sign. */
function signEvidence(classIndex: number): Evidence {
  const mask = plane([32, 32], () => 0.18);
  const pattern = plane([3, 32, 32], (row, column, channel) => ((row + column * (channel + 1)) % 9 < 4 ? 0.9 : 0.15));
  return {
    classIndex,
    className: 'stop',
    trigger: {
      classIndex,
      mask,
      pattern,
      image: { height: 32, width: 32 },
      box: { top: 0, left: 0, height: 32, width: 32 },
      boxShare: 1,
      maskMass: 184,
      attackSuccessRate: 0.36,
      energy: 7.31,
      imagesFitted: 25,
      imagesJudged: 25,
    },
    probe: {
      classIndex,
      flipRate: 0.28,
      patch: { flipRate: 0.04, rule: 'vanilla', top: 10, left: 12, size: 4 },
      blend: { flipRate: 0.28, rule: 'vanilla', alpha: 0.1 },
    },
    heatmaps: [
      {
        classIndex,
        role: 'flagged',
        map: spots(
          32,
          [
            [8, 8, 7, 0.8],
            [22, 20, 9, 1],
          ],
          9,
        ),
      },
      ...[2, 17, 38].map((kind) => ({
        classIndex: kind,
        role: 'typical' as const,
        map: spots(32, [[15, 10 + (kind % 9), 3, 1]], kind),
      })),
    ],
    samples: [2, 17, 25].map((kind, index) => {
      const image = signImage(kind, index);
      return {
        name: `${kind}/00${index}.png`,
        clean: image,
        triggered: applyTrigger(image, mask, pattern),
        cleanClass: kind,
        triggeredClass: index === 0 ? classIndex : kind,
      };
    }),
  };
}

function plane(dims: readonly number[], value: (row: number, column: number, channel: number) => number): Plane {
  const [height, width] = [dims.at(-2)!, dims.at(-1)!];
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, at) =>
    value(Math.floor(at / width) % height, at % width, Math.floor(at / (width * height))),
  );
  return { dims, data };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
