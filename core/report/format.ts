import type { Plane, ScanResult, Severity, Verdict } from '../scan/result.js';
import { severities, verdicts } from '../scan/result.js';

/** One run of the tool over one or many models: what every report format renders. */
export interface RunReport {
  readonly tool: { readonly name: string; readonly version: string };
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly results: readonly ScanResult[];
  /** Findings at or above this severity make the run fail. */
  readonly failOn: FailOn;
  /** Remarks on the whole run, e.g. stale entries of the ignore file. */
  readonly warnings: readonly string[];
  /** The command line that repeats the run, quoted for a shell; undefined where there is none. */
  readonly command?: string | undefined;
  readonly summary: RunSummary;
}

export type FailOn = Severity | 'never';

export interface RunSummary {
  readonly models: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Findings that are not ignored, by severity. */
  readonly findings: Readonly<Record<Severity, number>>;
  readonly ignoredFindings: number;
  /** Models with a finding at or above `failOn` that is not ignored. */
  readonly failing: number;
  /** Seconds of scanning, added over all models. */
  readonly seconds: number;
}

/**
 * Turns a plane into a PNG data URI.
 *
 * @param plane [H, W] or [C, H, W] with 1 or 3 channels, values in 0..1 (clamped).
 * @param options `gray` and `heat` (a perceptual colour map, black for 0) need one channel; `rgb` takes three. `scale`
 *   repeats each pixel that many times along both axes. Default: `gray` for one channel, `rgb` for three, scale 1.
 */
export type EncodeImage = (
  plane: Plane,
  options: { readonly colours?: 'gray' | 'heat' | 'rgb'; readonly scale?: number },
) => Promise<string>;

export interface RenderContext {
  /** ANSI colours are welcome. */
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  readonly encodeImage: EncodeImage;
}

/** A report format: one file of this folder and one line of the table in `index.ts`. */
export interface ReportFormat {
  readonly name: string;
  /** Without the dot. */
  readonly fileExtension: string;
  /** For `--help`: who reads it. */
  readonly summary: string;
  /** The whole report as text that ends with a line feed. */
  render(report: RunReport, context: RenderContext): Promise<string>;
}

/** Adds the counts to the parts of a report. */
export function runReport(parts: Omit<RunReport, 'summary'>): RunReport {
  return { ...parts, summary: summarise(parts.results, parts.failOn) };
}

/** True where a finding of this severity makes the run fail. */
export function reaches(severity: Severity, failOn: FailOn): boolean {
  return failOn !== 'never' && severities.indexOf(severity) >= severities.indexOf(failOn);
}

/** True where the model has a finding that fails the run: at or above `failOn` and not ignored. */
export function isFailing(result: ScanResult, failOn: FailOn): boolean {
  return result.findings.some((finding) => finding.ignored === undefined && reaches(finding.severity, failOn));
}

function summarise(results: readonly ScanResult[], failOn: FailOn): RunSummary {
  const findings = results.flatMap((result) => result.findings);
  const open = findings.filter((finding) => finding.ignored === undefined);
  return {
    models: results.length,
    verdicts: countBy(
      verdicts,
      results.map((result) => result.verdict),
    ),
    findings: countBy(
      severities,
      open.map((finding) => finding.severity),
    ),
    ignoredFindings: findings.length - open.length,
    failing: results.filter((result) => isFailing(result, failOn)).length,
    seconds: results.reduce((sum, result) => sum + result.timings.total, 0),
  };
}

function countBy<Key extends string>(keys: readonly Key[], values: readonly Key[]): Record<Key, number> {
  const counts = Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
  for (const value of values) counts[value] += 1;
  return counts;
}
