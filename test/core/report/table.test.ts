import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reportFormats } from '../../../core/report/index.js';
import { columns } from '../../../core/report/terminal.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { fakeEncoder } from '../../support/fake-image-encoder.js';
import { expectGolden } from '../../support/golden.js';
import { hostile, renamed, sampleRun, samples } from '../../support/sample-results.js';

test('one model: the card says whether, which class, how sure, what it looks like, what to do', async () => {
  const text = await rendered([samples.backdoored]);
  for (const expected of [
    /BACKDOORED/,
    /class 7 "seven"/,
    /22 of 23/,
    /index 14.2/,
    /3 x 3 pixels at row 24/,
    /▀▀▀/,
    /Do not deploy/,
  ]) {
    assert.match(text, expected);
  }
  assert.ok(text.split('\n').length <= 30, 'the card fits on one screen');
});

test('the picture shows the patch where it is', async () => {
  const rows = (await rendered([samples.backdoored])).split('\n').filter((line) => line.startsWith('  │'));
  assert.equal(rows.length, 14);
  assert.deepEqual(
    rows.slice(11).map((row) => row.slice(3, 31)),
    [' '.repeat(28), `${' '.repeat(24)}███ `, `${' '.repeat(24)}▀▀▀ `],
  );
});

test('a small patch in a large image is still seen', async () => {
  const size = 224;
  const data = new Float32Array(size * size);
  for (const at of [201 * size + 8, 201 * size + 9, 202 * size + 8]) data[at] = 0.9;
  const evidence = samples.backdoored.evidence[0]!;
  const trigger = {
    ...evidence.trigger,
    mask: { dims: [size, size], data },
    pattern: { dims: [3, size, size], data: new Float32Array(3 * size * size).fill(1) },
  };
  const text = await rendered([{ ...samples.backdoored, evidence: [{ ...evidence, trigger }] }]);
  assert.match(text, /[▀▄█]/);
});

test('not scannable is never shown as clean', async () => {
  for (const result of [samples.lowAccuracy, samples.malformed, samples.notClassifier]) {
    const text = await rendered([result]);
    assert.doesNotMatch(text, /✓|clean\b(?! image)|NO BACKDOOR/i);
    assert.match(text, /What to do/);
  }
});

test('many models: the most suspicious first, flagged ones with a card, failures with a reason, counts last', async () => {
  const text = await rendered(Object.values(samples));
  const lines = text.split('\n');
  assert.deepEqual(
    lines.slice(1, 9).map((line) => line.split(/\s+/)[1]),
    ['backdoored', 'ignored', 'suspicious', 'failed', 'inconclusive', 'failed', 'clean', 'clean'],
  );
  assert.match(text, /→ Export or download the model again/);
  assert.match(text, /8 models: 2 backdoored, 1 suspicious, 3 inconclusive, 2 clean/);
});

test('an ignored finding stays visible with its statement', async () => {
  const text = await rendered([samples.ignored]);
  assert.match(text, /\(ignored\)/);
  assert.match(text, /until 2026-12-31: Poisoned on purpose/);
});

test('a note is shown although the model is clean', async () => {
  assert.match(await rendered([samples.poisonedLabels]), /Note +The vanilla gradient of class 4/);
});

test('thousands of failures do not flood the screen', async () => {
  const results = Array.from({ length: 500 }, (_, index) => renamed(samples.malformed, `m/${index}.onnx`, index));
  const text = await rendered(results);
  assert.match(text, /and more without a verdict: 490 model-malformed/);
  assert.ok(text.split('\n').length < 560);
});

test('no line is wider than the terminal, whatever the names are', async () => {
  const name = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 100 }));
  await fc.assert(
    fc.asyncProperty(name, fc.integer({ min: 40, max: 130 }), fc.boolean(), async (text, width, colour) => {
      const output = await rendered([hostile(text), samples.suspicious, samples.malformed], width, colour);
      for (const line of output.split('\n')) assert.ok(columns(line) <= width, `${columns(line)} > ${width}: ${line}`);
    }),
    { numRuns: 60 },
  );
});

test('names cannot send codes to the terminal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (name) => {
      const output = await rendered([hostile(`${name}\u001b]0;owned\u0007\u202e`), samples.clean]);
      // eslint-disable-next-line no-control-regex -- the property is about control characters
      assert.doesNotMatch(output, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }),
    { numRuns: 60 },
  );
});

test('goldens', async () => {
  expectGolden('report/table.txt', await rendered(Object.values(samples)));
  expectGolden('report/table.ansi', await rendered([samples.backdoored], 80, true));
  expectGolden('report/table-narrow.txt', await rendered([samples.suspicious], 50, true));
});

function rendered(results: readonly ScanResult[], width = 80, colour = false): Promise<string> {
  return reportFormats.get('table')!.render(sampleRun(results), { colour, width, encodeImage: fakeEncoder });
}
