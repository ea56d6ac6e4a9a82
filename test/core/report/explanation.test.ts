import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Explanation } from '../../../core/report/html/explanation.js';
import { contactSheet, renderExplanation } from '../../../core/report/index.js';
import { ScanError } from '../../../core/scan/errors.js';
import { fakeEncoder } from '../../support/fake-image-encoder.js';
import { expectGolden } from '../../support/golden.js';
import { digitImage, outlineMap, spots } from '../../support/sample-planes.js';
import { samples } from '../../support/sample-results.js';

test('a row per image with its answer, a column per class', async () => {
  const page = await renderExplanation(sample('models/m.onnx'), fakeEncoder);
  assert.equal([...page.matchAll(/alt="Heat map of class /g)].length, 6);
  assert.match(page, /model says 5 &#34;five&#34;, label 3 &#34;three&#34;/);
  assert.match(page, /the rectified gradient of the logit/);
  expectGolden('report/explanation.html', page);
});

test('with a scan, its verdict and evidence follow the heat maps', async () => {
  const page = await renderExplanation({ ...sample('models/m.onnx'), scan: samples.backdoored }, fakeEncoder);
  assert.match(page, /A 3 x 3 patch turns 96 % of clean images into class 7/);
  assert.match(page, /alt="Reconstructed trigger/);
});

test('names cannot become markup', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      const page = await renderExplanation(sample(`<script>${text}`), fakeEncoder);
      assert.doesNotMatch(page, /<script/i);
    }),
    { numRuns: 30 },
  );
});

test('contact sheet: rows are images, columns classes, bright lines between', () => {
  const map = (value: number) => ({ dims: [1, 2], data: Float32Array.of(value, value) });
  const sheet = contactSheet([
    [map(0.1), map(0.2)],
    [map(0.3), map(0.4)],
  ]);
  assert.deepEqual(sheet.dims, [4, 6]);
  const rows = [0, 1, 2, 3].map((row) =>
    [...sheet.data.subarray(row * 6, row * 6 + 6)].map((v) => Math.round(v * 10) / 10),
  );
  assert.deepEqual(rows, [
    [0.1, 0.1, 1, 1, 0.2, 0.2],
    [1, 1, 1, 1, 1, 1],
    [1, 1, 1, 1, 1, 1],
    [0.3, 0.3, 1, 1, 0.4, 0.4],
  ]);
  assert.throws(() => contactSheet([[map(1)], []]), ScanError);
  assert.throws(() => contactSheet([]), ScanError);
});

function sample(text: string): Explanation {
  const image = (digit: number, label: number) => ({
    name: `${text}/${digit}.png`,
    image: digitImage(digit, 1),
    label,
    labelName: label === 3 ? 'three' : undefined,
    predicted: digit,
    predictedName: digit === 5 ? 'five' : undefined,
    maps: [outlineMap(digit, 1), spots(28, [[25, 25, 1.2, 1]])],
  });
  return {
    tool: { name: 'neuroninspect', version: '0.1.0' },
    createdAt: '2026-03-14T09:26:53.589Z',
    model: { path: text, digest: `sha256:${'bd'.repeat(32)}`, inputDims: [1, 28, 28], layout: 'NCHW' },
    rule: 'rectified',
    classes: [{ index: 3, name: text }, { index: 7 }],
    images: [image(1, 1), image(5, 3), image(8, 8)],
    command: `npx neuroninspect explain ${text}`,
  };
}
