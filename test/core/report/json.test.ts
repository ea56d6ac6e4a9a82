import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import type { RunReport } from '../../../core/report/format.js';
import { reportFormats } from '../../../core/report/index.js';
import { fakeEncoder } from '../../support/fake-image-encoder.js';
import { expectGolden } from '../../support/golden.js';
import { repoRoot } from '../../support/paths.js';
import { hostile, sampleRun, samples } from '../../support/sample-results.js';

const schema = JSON.parse(readFileSync(join(repoRoot, 'docs', 'schemas', 'report.schema.json'), 'utf8')) as object;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats.default(ajv);
const validate = ajv.compile(schema);

test('every kind of result is valid against the published schema', async () => {
  for (const [name, result] of Object.entries(samples)) {
    const value = await parsed(sampleRun([result]));
    assert.ok(validate(value), `${name}: ${ajv.errorsText(validate.errors)}`);
  }
  assert.ok(validate(await parsed(sampleRun([], { command: undefined, warnings: ['an entry expired'] }))));
});

test('a field the schema does not know is refused at every level, so none is added without its description', async () => {
  const report = await parsed(sampleRun([samples.backdoored]));
  const result = (report.results as Record<string, unknown>[])[0]!;
  const finding = (result.findings as Record<string, unknown>[])[0]!;
  for (const object of [report, result, result.model, finding, finding.evidence] as Record<string, unknown>[]) {
    assert.ok(validate(report));
    object.surprise = 1;
    assert.equal(validate(report), false);
    delete object.surprise;
  }
});

test('tools find the documented names', async () => {
  const report = await parsed(sampleRun([samples.backdoored]));
  assert.equal(report.schemaVersion, 1);
  const result = (report.results as Record<string, unknown>[])[0]!;
  for (const name of 'model verdict reason score pValue targetClasses findings classes profile images engine timings'.split(
    ' ',
  )) {
    assert.ok(name in result, name);
  }
  const finding = (result.findings as Record<string, unknown>[])[0]!;
  assert.deepEqual([finding.ruleId, finding.class, finding.severity], ['backdoor-trigger', 7, 'error']);
  assert.equal((finding.evidence as { trigger: { attackSuccessRate: number } }).trigger.attackSuccessRate, 0.96);
});

test('a sign of poisoned labels carries no trigger as its evidence', async () => {
  const finding = { ...samples.poisonedLabels.findings[0]!, classIndex: 7 };
  const report = await parsed(sampleRun([{ ...samples.backdoored, findings: [finding] }]));
  assert.match(JSON.stringify(report), /"ruleId":"label-poisoning".*"evidence":null/);
});

test('numbers that JSON has no word for become null', async () => {
  const text = await rendered(
    sampleRun([{ ...samples.clean, score: NaN, pValue: -Infinity, timings: { total: Infinity } }]),
  );
  const result = (JSON.parse(text) as { results: Record<string, unknown>[] }).results[0]!;
  assert.deepEqual([result.score, result.pValue, (result.timings as { total: null }).total], [null, null, null]);
  assert.ok(validate(JSON.parse(text)), ajv.errorsText(validate.errors));
});

test('no text from outside reaches a terminal as a control character, and none is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (name) => {
      const text = await rendered(sampleRun([hostile(name)]));
      // eslint-disable-next-line no-control-regex -- the property is about control characters
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      const report = JSON.parse(text) as { results: { model: { path: string } }[] };
      assert.equal(report.results[0]!.model.path, name);
    }),
  );
});

test('golden', async () => {
  expectGolden(
    'report/report.json',
    await rendered(sampleRun([samples.backdoored, samples.lowAccuracy, samples.ignored])),
  );
});

async function parsed(report: RunReport): Promise<Record<string, unknown>> {
  return JSON.parse(await rendered(report)) as Record<string, unknown>;
}

function rendered(report: RunReport): Promise<string> {
  return reportFormats.get('json')!.render(report, { colour: false, width: 80, encodeImage: fakeEncoder });
}
