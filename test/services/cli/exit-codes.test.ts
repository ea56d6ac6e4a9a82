import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailOn } from '../../../core/report/format.js';
import type { ScanErrorCode } from '../../../core/scan/errors.js';
import type { ReasonCode, ScanResult } from '../../../core/scan/result.js';
import { exitCodeOf, exitCodeOfError, exitCodeOfInspection } from '../../../services/cli/exit-codes.js';

const clean = result({ verdict: 'clean' });
const suspicious = result({ verdict: 'suspicious', findings: [finding('warning')] });
const backdoored = result({ verdict: 'backdoored', findings: [finding('error')] });
const ignored = result({
  verdict: 'backdoored',
  findings: [{ ...finding('error'), ignored: { statement: 'known' } }],
});
const noted = result({ verdict: 'clean', findings: [finding('note')] });
const failed = inconclusive('engine-crashed');
const malformed = inconclusive('model-malformed');
const lowAccuracy = inconclusive('low-accuracy');
const noClassifier = inconclusive('model-not-a-classifier');
const missing = inconclusive('model-not-found');

const rows: readonly [string, readonly ScanResult[], FailOn, number][] = [
  ['all clean', [clean, clean], 'warning', 0],
  ['a note is no failure', [noted], 'warning', 0],
  ['suspicious at the default level', [clean, suspicious], 'warning', 1],
  ['suspicious below --fail-on backdoored', [suspicious], 'error', 0],
  ['backdoored at --fail-on backdoored', [backdoored], 'error', 1],
  ['nothing fails with --fail-on never', [backdoored], 'never', 0],
  ['an ignored finding does not count', [ignored], 'warning', 0],
  ['a failed scan', [clean, failed], 'warning', 2],
  ['a failed scan with --fail-on never', [failed], 'never', 2],
  ['a finding goes before a failure', [failed, backdoored], 'warning', 1],
  ['a corrupt model', [malformed], 'warning', 2],
  ['no honest verdict', [lowAccuracy], 'warning', 2],
  ['nothing scannable', [noClassifier, missing], 'warning', 3],
  ['one unscannable model beside a clean one', [noClassifier, clean], 'warning', 2],
  ['one unscannable model beside a failed one', [noClassifier, failed], 'warning', 2],
  ['no model at all', [], 'warning', 3],
];

for (const [name, results, failOn, code] of rows) {
  test(`${name}: exit code ${code}`, () => {
    assert.equal(exitCodeOf(results, failOn), code);
  });
}

test('what keeps a run from starting has its own codes', () => {
  const codes: readonly [ScanErrorCode, number][] = [
    ['usage', 4],
    ['output-unwritable', 4],
    ['images-missing', 4],
    ['images-unreadable', 4],
    ['model-not-found', 3],
    ['model-unsupported-format', 3],
    ['engine-unavailable', 2],
    ['internal', 2],
  ];
  for (const [code, exit] of codes) assert.equal(exitCodeOfError(code), exit, code);
});

const fine = { survey: { findings: [finding('note'), finding('warning')] } };
const nan = { survey: { findings: [finding('error')] } };
const unsupported = { obstacle: { code: 'model-unsupported-op' } } as const;
const inspections: readonly [string, Parameters<typeof exitCodeOfInspection>[0], number][] = [
  ['warnings and notes fail nothing', [fine, fine], 0],
  ['an error of a static check', [fine, nan], 1],
  ['an error goes before a model that cannot be scanned', [unsupported, nan], 1],
  ['one model that cannot be scanned beside one that can', [unsupported, fine], 2],
  ['a damaged model', [{ obstacle: { code: 'model-malformed' } }], 2],
  ['no model can be scanned', [unsupported, { obstacle: { code: 'model-not-found' } }], 3],
];

for (const [title, entries, expected] of inspections) {
  test(`inspect, ${title}: ${expected}`, () => {
    assert.equal(exitCodeOfInspection(entries), expected);
  });
}

function inconclusive(code: ReasonCode): ScanResult {
  return result({ verdict: 'inconclusive', reason: { code, message: '' } });
}

function finding(severity: 'note' | 'warning' | 'error') {
  return { rule: 'saliency-outlier', severity, classIndex: 0, message: '' } as const;
}

function result(parts: Partial<ScanResult>): ScanResult {
  return {
    scanId: '',
    model: { path: 'm.onnx' },
    verdict: 'clean',
    targetClasses: [],
    findings: [],
    classes: [],
    detectors: [],
    evidence: [],
    profile: { name: 'p', version: 1, hash: 'h' },
    images: { digest: '', count: 1, labelled: 0 },
    timings: { total: 0 },
    cached: false,
    ...parts,
  };
}
