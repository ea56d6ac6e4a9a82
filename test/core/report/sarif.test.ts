import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import type { Log } from 'sarif';
import { reportFormats } from '../../../core/report/index.js';
import { checks } from '../../../core/checks/index.js';
import { artifactUri } from '../../../core/report/sarif.js';
import { findingRules } from '../../../core/scan/result.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { fakeEncoder } from '../../support/fake-image-encoder.js';
import { expectGolden } from '../../support/golden.js';
import { repoRoot } from '../../support/paths.js';
import { hostile, renamed, sampleRun, samples } from '../../support/sample-results.js';

const validate = sarifValidator();

test('every kind of result is valid SARIF 2.1.0', async () => {
  for (const result of Object.values(samples)) await validLog([result]);
  await validLog([]);
  await validLog(Object.values(samples));
});

test('one result per finding, with the level of its severity and the rule it names', async () => {
  const run = (await validLog(Object.values(samples))).runs[0]!;
  const findings = Object.values(samples).flatMap((result: ScanResult) => [
    ...result.findings,
    ...(result.checks ?? [])
      .filter(({ severity }) => severity !== 'note')
      .map((found) => ({ ...found, rule: found.check })),
  ]);
  assert.ok(findings.some(({ rule }) => rule === 'custom-op'));
  assert.equal(run.results!.length, findings.length);
  run.results!.forEach((result, index) => {
    assert.equal(result.level, findings[index]!.severity);
    assert.equal(run.tool.driver.rules![result.ruleIndex!]!.id, findings[index]!.rule);
  });
  assert.deepEqual(
    run.tool.driver.rules!.map((rule) => rule.id),
    [...Object.keys(findingRules), ...checks.map(({ id }) => id)],
  );
});

test('results point to an artifact with the digest of the model', async () => {
  const run = (await validLog([samples.clean, samples.backdoored])).runs[0]!;
  const location = run.results![0]!.locations![0]!.physicalLocation!;
  const artifact = run.artifacts![location.artifactLocation!.index!]!;
  assert.equal(artifact.location!.uri, 'models/digits-badnets.onnx');
  assert.equal(artifact.hashes!['sha-256'], 'bd'.repeat(32));
});

test('the preprocessing that a model states stands with its artifact, and nothing with the others', async () => {
  const artifacts = (await validLog([samples.backdoored, samples.suspicious])).runs[0]!.artifacts!;
  assert.deepEqual(
    artifacts.map(({ properties }) => properties!.preprocessing as unknown),
    [undefined, samples.suspicious.model.preprocessing],
  );
});

test('ignored findings are suppressions, and all other results say that they are not suppressed', async () => {
  const run = (await validLog([samples.backdoored, samples.ignored])).runs[0]!;
  assert.deepEqual(run.results![0]!.suppressions, []);
  assert.equal(run.results![1]!.suppressions![0]!.justification, 'Poisoned on purpose for the red-team exercise.');
});

test('a model without a verdict is a notification: an error where the scan broke', async () => {
  const run = (await validLog([samples.lowAccuracy, samples.malformed])).runs[0]!;
  const { toolExecutionNotifications, executionSuccessful } = run.invocations![0]!;
  assert.equal(executionSuccessful, false);
  assert.deepEqual(
    toolExecutionNotifications!.map((one) => [one.level, one.descriptor!.id]),
    [
      ['warning', 'low-accuracy'],
      ['error', 'model-malformed'],
    ],
  );
  assert.equal((await validLog([samples.clean])).runs[0]!.invocations![0]!.executionSuccessful, true);
});

test('fingerprints: by content the same under another name, by place the same after another run', async () => {
  const prints = async (result: ScanResult): Promise<Record<string, string>> =>
    (await validLog([result])).runs[0]!.results![0]!.partialFingerprints!;
  const original = await prints(samples.backdoored);
  const moved = await prints({ ...samples.backdoored, model: { ...samples.backdoored.model, path: 'other.onnx' } });
  const retrained = await prints(renamed(samples.backdoored, samples.backdoored.model.path, 5));
  assert.equal(moved['modelDigestRuleClass/v1'], original['modelDigestRuleClass/v1']);
  assert.equal(retrained['modelPathRuleClass/v1'], original['modelPathRuleClass/v1']);
  assert.notEqual(retrained['modelDigestRuleClass/v1'], original['modelDigestRuleClass/v1']);
});

test('any path makes a URI reference that keeps the path', async () => {
  assert.equal(artifactUri('models/a b#1?.onnx'), 'models/a%20b%231%3F.onnx');
  assert.equal(artifactUri('/srv/m.onnx'), 'file:///srv/m.onnx');
  assert.equal(artifactUri('C:\\models\\m.onnx'), 'file:///C:/models/m.onnx');
  assert.equal(artifactUri('s3://bucket/m 1.onnx'), 's3://bucket/m%201.onnx');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      await validLog([hostile(text), { ...samples.malformed, model: { path: text } }]);
      assert.match(artifactUri(text), /^[A-Za-z0-9\-._~:/%+]+$/);
    }),
    { numRuns: 50 },
  );
});

test('golden', async () => {
  const log = await validLog([
    samples.backdoored,
    samples.ignored,
    samples.suspicious,
    samples.lowAccuracy,
    samples.malformed,
  ]);
  expectGolden('report/report.sarif', `${JSON.stringify(log, undefined, 2)}\n`);
});

async function validLog(results: readonly ScanResult[]): Promise<Log> {
  const context = { colour: false, width: 80, encodeImage: fakeEncoder };
  const log = JSON.parse(await reportFormats.get('sarif')!.render(sampleRun(results), context)) as Log;
  validate(log);
  return log;
}

/** The schema is written for draft 4; of what changed since, it uses `id` alone. */
function sarifValidator(): (log: unknown) => void {
  const file = join(repoRoot, 'test', 'support', 'schemas', 'sarif-2.1.0.json');
  const { id, ...schema } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  delete schema.$schema;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const check = ajv.compile({ $id: id as string, ...schema });
  return (log) => {
    assert.ok(check(log), ajv.errorsText(check.errors));
  };
}
