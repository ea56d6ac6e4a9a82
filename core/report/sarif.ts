// eslint-disable-next-line no-restricted-imports -- types only: nothing is loaded
import type { Artifact, Invocation, Location, Log, Notification, ReportingDescriptor, Result } from 'sarif';
import { checks, type Check } from '../checks/index.js';
import type { Finding, FindingRule, ScanResult, Severity, StaticFinding } from '../scan/result.js';
import { findingRules } from '../scan/result.js';
import type { ReportFormat, RunReport } from './format.js';
import { notableChecks } from './checks.js';
import { evidenceNumbers, jsonPreprocessing, printJson } from './json.js';
import { oneLine, printable } from './text.js';
import { evidenceOf, hasFailed, nextStep } from './words.js';

/** For code scanning services: SARIF 2.1.0, one result per finding, models without a verdict as notifications. */
export const sarif: ReportFormat = {
  name: 'sarif',
  fileExtension: 'sarif',
  summary: 'SARIF 2.1.0, for code scanning services',
  render: (report) => Promise.resolve(`${printJson(sarifLog(report))}\n`),
};

/** Order of the rules in the log: results refer to them by position. */
const ruleIds = Object.keys(findingRules) as FindingRule[];

/** Default level, and GitHub's `security-severity` (0 to 10, as CVSS). */
const ruleLevels: Readonly<Record<FindingRule, { readonly level: Severity; readonly security: string }>> = {
  'backdoor-trigger': { level: 'error', security: '9.0' },
  'saliency-outlier': { level: 'warning', security: '6.5' },
  'invertible-trigger': { level: 'warning', security: '6.5' },
  'label-poisoning': { level: 'note', security: '3.0' },
};

/** The SARIF log as a value. */
export function sarifLog(report: RunReport): Log {
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: report.tool.name,
            version: report.tool.version,
            semanticVersion: report.tool.version,
            rules: [...ruleIds.map(rule), ...checks.map(checkRule)],
          },
        },
        automationDetails: { id: `${report.tool.name}/` },
        columnKind: 'utf16CodeUnits',
        invocations: [invocation(report)],
        artifacts: report.results.map(artifact),
        results: report.results.flatMap((result, index) => [
          ...result.findings.map((finding) => sarifResult(finding, result, index)),
          ...notableChecks(result).map((found) => checkResult(found, result, index)),
        ]),
      },
    ],
  };
}

function rule(id: FindingRule): ReportingDescriptor {
  const { title, help } = findingRules[id];
  const { level, security } = ruleLevels[id];
  return {
    id,
    name: ruleName(id),
    shortDescription: { text: `${title}.` },
    fullDescription: { text: help },
    help: { text: help, markdown: help },
    defaultConfiguration: { level },
    properties: {
      tags: ['security', 'machine-learning', 'backdoor'],
      precision: id === 'backdoor-trigger' ? 'high' : 'medium',
      'security-severity': security,
    },
  };
}

/** Code scanning shows every result of every model: only checks that find what no classifier needs are told there. */
function checkRule({ id, title, help }: Check): ReportingDescriptor {
  return {
    id,
    name: ruleName(id),
    shortDescription: { text: `${title}.` },
    fullDescription: { text: help },
    help: { text: help, markdown: help },
    defaultConfiguration: { level: 'warning' },
    properties: { tags: ['machine-learning', 'static-check'], precision: 'medium' },
  };
}

function checkResult({ check, severity, message, place }: StaticFinding, result: ScanResult, index: number): Result {
  const id = `${check}/${printable(place ?? '')}`;
  const known = checks.findIndex((each) => each.id === check);
  return {
    ruleId: check,
    ...(known < 0 ? {} : { ruleIndex: ruleIds.length + known }),
    kind: 'fail',
    level: severity,
    message: { text: oneLine(message) || check },
    locations: [location(result, index)],
    partialFingerprints: {
      ...(result.model.digest === undefined ? {} : { 'modelDigestRulePlace/v1': `${result.model.digest}/${id}` }),
      'modelPathRulePlace/v1': `${artifactUri(result.model.path)}/${id}`,
    },
    suppressions: [],
    properties: { scanId: result.scanId, ...(place === undefined ? {} : { place: printable(place) }) },
  };
}

function ruleName(id: string): string {
  return id.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

function sarifResult(finding: Finding, result: ScanResult, index: number): Result {
  const evidence = evidenceOf(finding, result);
  const id = `${finding.rule}/${finding.classIndex}`;
  return {
    ruleId: finding.rule,
    ruleIndex: ruleIds.indexOf(finding.rule),
    kind: 'fail',
    level: finding.severity,
    message: { text: oneLine(finding.message) || findingRules[finding.rule].title },
    locations: [location(result, index, finding)],
    // By content: survives a rename. By place: survives a retraining that kept the backdoor.
    partialFingerprints: {
      ...(result.model.digest === undefined ? {} : { 'modelDigestRuleClass/v1': `${result.model.digest}/${id}` }),
      'modelPathRuleClass/v1': `${artifactUri(result.model.path)}/${id}`,
    },
    suppressions:
      finding.ignored === undefined
        ? []
        : [
            {
              kind: 'external',
              status: 'accepted',
              justification: oneLine(finding.ignored.statement),
              ...(finding.ignored.expires === undefined
                ? {}
                : { properties: { expires: printable(finding.ignored.expires) } }),
            },
          ],
    properties: {
      scanId: result.scanId,
      class: finding.classIndex,
      ...(finding.className === undefined ? {} : { className: printable(finding.className) }),
      ...(result.score === undefined ? {} : { score: result.score }),
      ...(result.pValue === undefined ? {} : { pValue: result.pValue }),
      ...(evidence === undefined ? {} : { evidence: evidenceNumbers(evidence) }),
    },
  };
}

function location(result: ScanResult, index: number, finding?: Finding): Location {
  return {
    physicalLocation: {
      artifactLocation: { uri: artifactUri(result.model.path), index },
      // A model has no lines, but GitHub drops results without one.
      region: { startLine: 1 },
    },
    ...(finding === undefined
      ? {}
      : {
          logicalLocations: [
            {
              name: printable(finding.className ?? String(finding.classIndex)),
              fullyQualifiedName: `class/${finding.classIndex}`,
              kind: 'element',
            },
          ],
        }),
  };
}

function artifact(result: ScanResult): Artifact {
  const { model } = result;
  return {
    location: { uri: artifactUri(model.path) },
    roles: ['analysisTarget'],
    mimeType: 'application/octet-stream',
    ...(model.bytes === undefined ? {} : { length: model.bytes }),
    ...(model.digest === undefined ? {} : { hashes: { 'sha-256': model.digest.replace(/^sha256:/, '') } }),
    properties: {
      scanId: result.scanId,
      verdict: result.verdict,
      ...(result.score === undefined ? {} : { score: result.score }),
      ...(result.pValue === undefined ? {} : { pValue: result.pValue }),
      profile: { name: result.profile.name, version: result.profile.version, hash: result.profile.hash },
      images: { digest: result.images.digest, count: result.images.count },
      ...(model.preprocessing === undefined ? {} : { preprocessing: jsonPreprocessing(model.preprocessing) }),
    },
  };
}

function invocation(report: RunReport): Invocation {
  const undecided = report.results.flatMap((result, index) =>
    result.verdict === 'inconclusive' ? [undecidedNotification(result, index)] : [],
  );
  const warnings: Notification[] = report.warnings.map((text) => ({
    level: 'warning',
    message: { text: oneLine(text) },
  }));
  return {
    executionSuccessful: !report.results.some(hasFailed),
    startTimeUtc: report.startedAt,
    ...(report.command === undefined ? {} : { commandLine: report.command }),
    toolExecutionNotifications: [...undecided, ...warnings],
  };
}

function undecidedNotification(result: ScanResult, index: number): Notification {
  return {
    descriptor: { id: result.reason?.code ?? 'internal' },
    level: hasFailed(result) ? 'error' : 'warning',
    message: { text: `${oneLine(result.reason?.message ?? 'No verdict.')} ${nextStep(result)}` },
    locations: [location(result, index)],
  };
}

/**
 * A path as a URI reference (RFC 3986): each segment escaped, backslashes as slashes, a drive or a leading slash as a
 * `file:` URI. What is a URI already keeps its scheme.
 */
export function artifactUri(path: string): string {
  const scheme = /^[a-z][a-z0-9+.-]+:\/\//i.exec(path)?.[0] ?? '';
  const rest = path.slice(scheme.length).replace(/\\/g, '/');
  const escaped = rest.split('/').map(escapeSegment).join('/');
  if (scheme !== '') return scheme + escaped;
  if (/^[a-z]:\//i.test(rest)) return `file:///${rest.slice(0, 2)}${escaped.slice(escaped.indexOf('/'))}`;
  // Two slashes at the start would name a host.
  if (rest.startsWith('/')) return `file:///${escaped.replace(/^\/+/, '')}`;
  return escaped === '' ? '.' : escaped;
}

function escapeSegment(segment: string): string {
  return encodeURIComponent(segment.replace(/\p{Cs}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
