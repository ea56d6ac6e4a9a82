import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { ScanResult } from '../../../core/scan/result.js';
import { createProgress, describeResult } from '../../../services/cli/progress/index.js';

const path = 'models/a/rather/long/way/down/the/tree/of/folders/model.onnx';

test('on a terminal one bar shows stage, model and how many are done, and is gone in the end', async () => {
  const { stream, text } = terminal(true);
  const progress = await createProgress(stream, { models: 2, wanted: true, dumb: false });
  progress.update({ path, stage: 'saliency', done: 3, total: 5 });
  progress.finished(result({}));
  progress.note('a remark');
  progress.stop();
  assert.match(text(), /1\/2/);
  assert.match(text(), /…\S*model\.onnx/);
  assert.match(text(), /neuroninspect: a remark\n/);
  // eslint-disable-next-line no-control-regex -- the last thing is to clear the line and show the cursor
  assert.match(text(), /\u001b\[0?K[^\n]*$/);
});

test('elsewhere each finished model is one line, without a control character', async () => {
  const { stream, text } = terminal(false);
  const progress = await createProgress(stream, { models: 1, wanted: true, dumb: false });
  progress.update({ path, stage: 'saliency', done: 3, total: 5 });
  progress.finished(result({}));
  progress.stop();
  assert.equal(text(), `[1/1] ${path}: clean, 1.5 s\n`);
});

test('a dumb terminal gets lines, --no-progress gets remarks only', async () => {
  const dumb = terminal(true);
  (await createProgress(dumb.stream, { models: 1, wanted: true, dumb: true })).finished(result({}));
  assert.equal(dumb.text(), `[1/1] ${path}: clean, 1.5 s\n`);
  const quiet = terminal(true);
  const progress = await createProgress(quiet.stream, { models: 1, wanted: false, dumb: false });
  progress.finished(result({}));
  progress.note('a remark');
  assert.equal(quiet.text(), 'neuroninspect: a remark\n');
});

test('a line says why there is no verdict, which class, and what was known before', () => {
  assert.match(
    describeResult(result({ verdict: 'inconclusive', reason: { code: 'engine-timeout', message: 'late' } })),
    /inconclusive \(engine-timeout\)/,
  );
  assert.match(describeResult(result({ verdict: 'backdoored', targetClasses: [5, 7] })), /backdoored \(class 5, 7\)/);
  assert.match(describeResult(result({ cached: true })), /clean, from the cache$/);
});

function terminal(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return {
    stream: Object.assign(stream, { isTTY, columns: 80 }) as unknown as NodeJS.WriteStream,
    text: () => chunks.join(''),
  };
}

function result(parts: Partial<ScanResult>): ScanResult {
  return {
    scanId: '',
    model: { path },
    verdict: 'clean',
    targetClasses: [],
    findings: [],
    classes: [],
    detectors: [],
    evidence: [],
    profile: { name: 'p', version: 1, hash: 'h' },
    images: { digest: '', count: 1, labelled: 0 },
    timings: { total: 1.5 },
    cached: false,
    ...parts,
  };
}
