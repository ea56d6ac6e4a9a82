import type { ScanResult } from '../scan/result.js';
import type { FailOn, ReportFormat, RunReport } from './format.js';
import { isFailing, reaches } from './format.js';
import type { Markup } from './markup.js';
import { markup, textLines } from './markup.js';
import { preprocessingText } from './preprocessing.js';
import { oneLine } from './text.js';
import { grounds, headline, nextStep } from './words.js';

/** For CI servers: one test case per model; a finding at or above `failOn` fails it, a scan without a verdict is its error. */
export const junit: ReportFormat = {
  name: 'junit',
  fileExtension: 'xml',
  summary: 'JUnit XML, for CI servers',
  render: (report) => Promise.resolve(renderJunit(report)),
};

type Outcome = 'failure' | 'error' | 'skipped' | 'passed';

function renderJunit(report: RunReport): string {
  const { tool, results, failOn } = report;
  const outcomes = results.map((result) => outcome(result, failOn));
  const count = (wanted: Outcome): number => outcomes.filter((one) => one === wanted).length;
  const counts = markup`tests="${results.length}" failures="${count('failure')}" errors="${count('error')}"`;
  const time = xmlSeconds(report.summary.seconds);
  return markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="${tool.name}" ${counts} time="${time}">
  <testsuite name="${tool.name}" ${counts} skipped="${count('skipped')}" time="${time}" timestamp="${xmlTime(report.startedAt)}">
    <properties>
      <property name="version" value="${tool.version}"/>
      <property name="failOn" value="${failOn}"/>${report.warnings.map(
        (warning) => markup`
      <property name="warning" value="${oneLine(warning)}"/>`,
      )}
    </properties>${results.map((result, index) => testCase(result, outcomes[index]!, failOn))}
  </testsuite>
</testsuites>
`.text;
}

function outcome(result: ScanResult, failOn: FailOn): Outcome {
  if (result.verdict === 'inconclusive') return 'error';
  if (isFailing(result, failOn)) return 'failure';
  return result.findings.some((finding) => reaches(finding.severity, failOn)) ? 'skipped' : 'passed';
}

function testCase(result: ScanResult, one: Outcome, failOn: FailOn): Markup {
  return markup`
    <testcase name="${result.model.path}" classname="neuroninspect.${result.profile.name}" time="${xmlSeconds(result.timings.total)}">${outcomeElement(result, one, failOn)}
      <system-out>${textLines(details(result))}</system-out>
    </testcase>`;
}

function outcomeElement(result: ScanResult, one: Outcome, failOn: FailOn): Markup | undefined {
  if (one === 'passed') return undefined;
  if (one === 'error') {
    return markup`
      <error message="${headline(result)}" type="${result.reason?.code ?? 'internal'}">${nextStep(result)}</error>`;
  }
  const reached = result.findings.filter((finding) => reaches(finding.severity, failOn));
  if (one === 'skipped') {
    const statements = reached.map((finding) => `${finding.rule}: ${oneLine(finding.ignored?.statement ?? '')}`);
    return markup`
      <skipped message="${`ignored: ${statements.join('; ')}`}"/>`;
  }
  const open = reached.filter((finding) => finding.ignored === undefined);
  return markup`
      <failure message="${headline(result)}" type="${open[0]!.rule}">${textLines([
        ...open.map((finding) => `${finding.severity} ${finding.rule}: ${oneLine(finding.message)}`),
        ...grounds(result),
        nextStep(result),
      ])}</failure>`;
}

function details(result: ScanResult): string[] {
  const { preprocessing } = result.model;
  return [
    `verdict: ${result.verdict}`,
    ...(result.model.digest === undefined ? [] : [`digest: ${result.model.digest}`]),
    ...(result.score === undefined ? [] : [`score: ${result.score}`]),
    ...(result.pValue === undefined ? [] : [`pValue: ${result.pValue}`]),
    ...result.findings.map((finding) => {
      const ignored = finding.ignored === undefined ? '' : ' (ignored)';
      return `finding: ${finding.severity} ${finding.rule}, class ${finding.classIndex}${ignored}`;
    }),
    ...(result.checks ?? []).map(({ check, severity, message }) => `check: ${severity} ${check}: ${oneLine(message)}`),
    `profile: ${result.profile.name} v${result.profile.version} ${result.profile.hash}`,
    `images: ${result.images.count} ${result.images.digest}`,
    ...(preprocessing === undefined ? [] : [`pixels: ${preprocessingText(preprocessing)}`]),
  ];
}

function xmlSeconds(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '0.000';
}

/** The schema of Jenkins and others wants no fraction and no zone; the time is UTC. */
function xmlTime(iso: string): string {
  return iso.replace(/(\.\d+)?Z$/, '');
}
