import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RunReport } from '../../../core/report/format.js';
import { reportFormats } from '../../../core/report/index.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { fakeEncoder } from '../../support/fake-image-encoder.js';
import { expectGolden } from '../../support/golden.js';
import { hostile, renamed, sampleRun, samples } from '../../support/sample-results.js';

test('a flagged model: verdict, grounds, next step, trigger, images before and after, heat maps, plot, tests, digests', async () => {
  const page = await rendered([samples.backdoored]);
  for (const expected of [
    /Backdoored/,
    /A 3 x 3 patch turns 96 % of clean images into class 7/,
    /Do not deploy this model/,
    /alt="Reconstructed trigger, 3 x 3 pixels at row 24/,
    /triggered: <span class="flipped">7 &#34;seven&#34;/,
    /\(unchanged\)/,
    /Heat map of class 7/,
    /Heat map of class 2/,
    /7: 14\.2<\/text>/,
    /the 10 class values of a feature are independent draws/,
    new RegExp(samples.backdoored.model.digest!),
    new RegExp(samples.backdoored.profile.hash),
    new RegExp(samples.backdoored.images.digest),
    /npx neuroninspect scan &#39;models/,
  ]) {
    assert.match(page, expected);
  }
});

test('the preprocessing that a model states stands with its settings, and of no other', async () => {
  assert.match(
    await rendered([samples.suspicious]),
    /<dt>Pixels<\/dt><dd>scale 1; mean 0\.485, 0\.456, 0\.406; std 0\.229, 0\.224, 0\.225; channels bgr; as preprocessor_config\.json says<\/dd>/,
  );
  assert.doesNotMatch(await rendered([samples.backdoored]), /Pixels/);
});

test('an image that the trigger turns into some other class is not shown as a success', async () => {
  const evidence = samples.backdoored.evidence[0]!;
  const stray = evidence.samples.map((sample) => ({ ...sample, triggeredClass: 1 }));
  const page = await rendered([{ ...samples.backdoored, evidence: [{ ...evidence, samples: stray }] }]);
  assert.equal([...page.matchAll(/\(another class\)/g)].length, 3);
  assert.doesNotMatch(page, /triggered: <span class="flipped">/);
});

test('the page loads nothing and runs nothing', async () => {
  const page = await rendered(Object.values(samples));
  assert.match(page, /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;/);
  assert.doesNotMatch(page, /<script|<iframe|<object|<form|@import|url\(| on[a-z]+=/i);
  for (const [, address] of page.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(address!, /^(data:|#)/);
});

test('every picture has a text, every link a target, every id one owner', async () => {
  const page = await rendered(Object.values(samples));
  for (const [tag] of page.matchAll(/<img [^>]*>/g)) assert.match(tag, / alt="[^"]+"/);
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]!);
  assert.equal(new Set(ids).size, ids.length);
  for (const [, target] of page.matchAll(/href="#([^"]*)"/g)) assert.ok(ids.includes(target!), target);
});

test('models are indexed by suspicion, and every kind of result has its words', async () => {
  const page = await rendered(Object.values(samples));
  const rows = [...page.matchAll(/<tr class="(\w+)">/g)].map((match) => match[1]);
  assert.deepEqual(rows, [
    'backdoored',
    'backdoored',
    'suspicious',
    'inconclusive',
    'inconclusive',
    'inconclusive',
    'clean',
    'clean',
  ]);
  assert.match(page, /Scan failed/);
  assert.match(page, /Poisoned on purpose for the red-team exercise/);
  assert.match(page, /Signs of mislabelled training data/);
});

test('a model without a verdict is nowhere called clean', async () => {
  for (const result of [samples.lowAccuracy, samples.malformed, samples.notClassifier]) {
    const page = (await rendered([result])).replace(/<style>.*<\/style>|<footer>.*<\/footer>/gs, '');
    assert.doesNotMatch(page, /No backdoor found|class="clean/);
  }
});

test('no text from a model, a path or a class name becomes markup', async () => {
  const tags = (page: string): string[] =>
    page
      .match(/<[^>]*>/g)!
      .map((tag) => tag.replace(/="[^"]*"/g, ''))
      .sort();
  const expected = tags(await rendered([hostile('x'), { ...samples.malformed, model: { path: 'x' } }]));
  const nasty = fc.constantFrom(
    '</style><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</title><svg onload=alert(1)>',
    '<!--',
    '&lt;script&gt;',
    '\u0000\u202e\ud800',
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(nasty, fc.string({ unit: 'binary' })), async (text) => {
      const page = await rendered([hostile(text), { ...samples.malformed, model: { path: text } }]);
      assert.deepEqual(tags(page), expected);
      assert.doesNotMatch(page, /<script/i);
    }),
    { numRuns: 60 },
  );
});

test('a thousand models stay a small page: evidence for flagged ones, a row for the others', async () => {
  const results = Array.from({ length: 1000 }, (_, index) =>
    renamed(index % 100 === 0 ? samples.backdoored : samples.clean, `models/${index}.onnx`, index + 1),
  );
  const page = await rendered(results);
  assert.equal([...page.matchAll(/<section class="sheet model/g)].length, 10);
  assert.equal([...page.matchAll(/<tr class="/g)].length, 1000);
  assert.ok(page.length < 1_000_000, `${page.length} characters`);
});

test('even when all of a thousand are flagged', async () => {
  const results = Array.from({ length: 1000 }, (_, index) =>
    renamed(samples.backdoored, `models/${index}.onnx`, index + 1),
  );
  const page = await rendered(results);
  assert.equal([...page.matchAll(/alt="Reconstructed trigger/g)].length, 100);
  assert.match(page, /Scan it alone to see them/);
});

test('numbers that are none do not break a plot', async () => {
  const classes = samples.backdoored.classes.map((report, index) => ({
    ...report,
    indices: { mass: index === 0 ? NaN : index === 1 ? Infinity : 1 },
  }));
  const page = await rendered([{ ...samples.backdoored, classes, score: NaN, pValue: NaN }]);
  assert.doesNotMatch(page.replace(/<style>.*<\/style>/s, ''), /NaN|Infinity|undefined/);
});

test('golden', async () => {
  expectGolden(
    'report/report.html',
    await rendered([samples.suspicious, samples.lowAccuracy], { warnings: ['an entry expired'] }),
  );
  expectGolden('report/one-model.html', await rendered([samples.backdoored]));
});

function rendered(results: readonly ScanResult[], more: Partial<RunReport> = {}): Promise<string> {
  const context = { colour: false, width: 80, encodeImage: fakeEncoder };
  return reportFormats.get('html')!.render(sampleRun(results, more), context);
}
