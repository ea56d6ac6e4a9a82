import type { Evidence, Finding, ScanResult } from '../scan/result.js';
import type { ReportFormat, RunReport } from './format.js';
import { evidenceOf } from './words.js';
import type { StatedPreprocessing } from '../scan/stated-preprocessing.js';

/** Raised when a field is removed or changes its meaning; new fields do not raise it. */
export const jsonSchemaVersion = 1;

/** For tools: every field is always there, `null` where unknown. Schema: docs/schemas/report.schema.json. */
export const json: ReportFormat = {
  name: 'json',
  fileExtension: 'json',
  summary: 'everything but the pictures, for tools',
  render: (report) => Promise.resolve(`${printJson(jsonReport(report))}\n`),
};

/** The JSON report as a value. */
export function jsonReport(report: RunReport): Record<string, unknown> {
  return {
    schemaVersion: jsonSchemaVersion,
    tool: { name: report.tool.name, version: report.tool.version },
    startedAt: report.startedAt,
    command: report.command ?? null,
    failOn: report.failOn,
    warnings: report.warnings,
    summary: report.summary,
    results: report.results.map(jsonResult),
  };
}

/** The fields of `model.preprocessing` in reports and of `preprocessing` in what `inspect` writes. */
export function jsonPreprocessing({ file, scale, mean, std, channels, size }: StatedPreprocessing) {
  return { file, scale, mean, std, channels: channels ?? null, size: size ?? null };
}

function jsonResult(result: ScanResult): Record<string, unknown> {
  const { model } = result;
  return {
    scanId: result.scanId,
    model: {
      path: model.path,
      digest: model.digest ?? null,
      bytes: model.bytes ?? null,
      format: model.format ?? null,
      classes: model.classes ?? null,
      inputDims: model.inputDims ?? null,
      layout: model.layout ?? null,
      preprocessing: model.preprocessing === undefined ? null : jsonPreprocessing(model.preprocessing),
    },
    verdict: result.verdict,
    reason: result.reason === undefined ? null : { code: result.reason.code, message: result.reason.message },
    score: result.score ?? null,
    pValue: result.pValue ?? null,
    targetClasses: result.targetClasses,
    findings: result.findings.map((finding) => jsonFinding(finding, result)),
    checks:
      result.checks?.map(({ check, severity, message, place }) => ({
        ruleId: check,
        severity,
        message,
        place: place ?? null,
      })) ?? null,
    detectors: result.detectors.map((detector) => ({
      id: detector.id,
      title: detector.title,
      class: detector.classIndex,
      value: detector.value,
      threshold: detector.threshold,
      fired: detector.fired,
      pValue: detector.pValue ?? null,
      nullHypothesis: detector.nullHypothesis ?? null,
    })),
    classes: result.classes.map((report) => ({
      index: report.index,
      name: report.name ?? null,
      features: report.features,
      indices: report.indices,
    })),
    profile: { name: result.profile.name, version: result.profile.version, hash: result.profile.hash },
    images: {
      digest: result.images.digest,
      count: result.images.count,
      labelled: result.images.labelled,
      accuracy: result.images.accuracy ?? null,
    },
    engine: result.engine === undefined ? null : jsonEngine(result.engine),
    timings: {
      total: result.timings.total,
      inspect: result.timings.inspect ?? null,
      saliency: result.timings.saliency ?? null,
      confirm: result.timings.confirm ?? null,
    },
    cached: result.cached,
  };
}

function jsonEngine(engine: NonNullable<ScanResult['engine']>): Record<string, unknown> {
  return { name: engine.name, version: engine.version, provider: engine.provider, workers: engine.workers };
}

function jsonFinding(finding: Finding, result: ScanResult): Record<string, unknown> {
  const evidence = evidenceOf(finding, result);
  return {
    ruleId: finding.rule,
    class: finding.classIndex,
    className: finding.className ?? null,
    severity: finding.severity,
    message: finding.message,
    evidence: evidence === undefined ? null : evidenceNumbers(evidence),
    ignored:
      finding.ignored === undefined
        ? null
        : { statement: finding.ignored.statement, expires: finding.ignored.expires ?? null },
  };
}

/** The evidence without its pictures. */
export function evidenceNumbers({ trigger, probe }: Evidence): Record<string, unknown> {
  return {
    trigger: {
      box: {
        top: trigger.box.top,
        left: trigger.box.left,
        height: trigger.box.height,
        width: trigger.box.width,
      },
      maskMass: trigger.maskMass,
      attackSuccessRate: trigger.attackSuccessRate,
      energy: trigger.energy,
      imagesFitted: trigger.imagesFitted,
      imagesJudged: trigger.imagesJudged,
    },
    probe: {
      flipRate: probe.flipRate,
      patch: {
        flipRate: probe.patch.flipRate,
        rule: probe.patch.rule,
        top: probe.patch.top,
        left: probe.patch.left,
        size: probe.patch.size,
      },
      blend: { flipRate: probe.blend.flipRate, rule: probe.blend.rule, alpha: probe.blend.alpha },
    },
  };
}

/**
 * JSON in which no string can act on a terminal: JSON.stringify escapes C0 controls and lone surrogates and writes null
 * for NaN and the infinities; the rest of what `printable` hides is escaped here. Such characters occur in strings only.
 */
export function printJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
