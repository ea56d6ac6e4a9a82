import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import markdownIt from 'markdown-it';
import type { RunReport } from '../../../core/report/format.js';
import { reportFormats } from '../../../core/report/index.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { fakeEncoder } from '../../support/fake-image-encoder.js';
import { expectGolden } from '../../support/golden.js';
import { hostile, renamed, sampleRun, samples } from '../../support/sample-results.js';

const page = markdownIt({ html: true, linkify: true });

test('the verdict stands in the first line, the models below it, the most suspicious first', async () => {
  const lines = (await rendered(Object.values(samples))).split('\n');
  assert.match(lines[0]!, /❌ .*8 models: 2 backdoored, 1 suspicious, 3 without a verdict, 2 clean/);
  assert.match(lines[4]!, /backdoored.*digits-badnets.*7 "seven".*96 %.*14\.2/);
});

test('the preprocessing that a model states stands in its details, and of no other', async () => {
  assert.match(
    page.render(await rendered([samples.suspicious])),
    /<li>Pixels: scale 1; mean 0\.485, 0\.456, 0\.406; std 0\.229, 0\.224, 0\.225; channels bgr; as preprocessor_config\.json says<\/li>/,
  );
  assert.doesNotMatch(await rendered([samples.backdoored]), /Pixels/);
});

test('a run in which nothing could be judged has no green sign', async () => {
  assert.doesNotMatch(await rendered([samples.malformed, samples.lowAccuracy]), /✅/);
  assert.doesNotMatch(await rendered([]), /✅/);
});

test('outside text stays text: no markup, cell, link, mention or list comes out of it', async () => {
  const tags = (html: string): string[] => html.match(/<\/?[a-z][^>]*>/gi) ?? [];
  const expected = tags(page.render(await rendered([hostile('x'), { ...samples.malformed, model: { path: 'x' } }])));
  const nasty = fc.constantFrom(
    '<script>alert(1)</script>',
    '</code></summary><img src=x onerror=alert(1)>',
    'a|b\\|c\\\\|d',
    '`code` ``` **bold** _it_ ~~s~~ [a](https://evil.example) ![x](y)',
    'https://evil.example www.evil.example mail@evil.example @octocat #1',
    '\n# heading\n- item\n\n```\n',
    '1. first',
    '- item',
    '+ item',
    '&lt;b&gt;',
  );
  const text = fc.oneof(nasty, fc.string({ unit: 'grapheme', minLength: 1 })).filter((one) => one.trim() !== '');
  await fc.assert(
    fc.asyncProperty(text, async (one) => {
      const source = await rendered([hostile(one), { ...samples.malformed, model: { path: one } }]);
      assert.deepEqual(tags(page.render(source)), expected);
      assert.doesNotMatch(source, /@|(?<!&)#\d/);
    }),
  );
});

test('a comment over a thousand models stays within the limit of a forge', async () => {
  const results = Array.from({ length: 1000 }, (_, index) =>
    renamed(samples.backdoored, `models/${index}.onnx`, index),
  );
  const text = await rendered(results);
  assert.ok(text.length < 65_536, `${text.length} characters`);
  assert.match(text, /and 900 more/);
});

test('golden', async () => {
  expectGolden('report/report.md', await rendered(Object.values(samples), { warnings: ['an entry expired'] }));
});

function rendered(results: readonly ScanResult[], more: Partial<RunReport> = {}): Promise<string> {
  const context = { colour: false, width: 80, encodeImage: fakeEncoder };
  return reportFormats.get('markdown')!.render(sampleRun(results, more), context);
}
