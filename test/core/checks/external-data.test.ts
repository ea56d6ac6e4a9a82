import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graphWith } from '../../support/graphs.js';
import { findingsOf } from './subject.js';

test('every file beside the model is named, for whoever copies it', () => {
  const graph = graphWith({});
  assert.deepEqual(findingsOf('external-data', { graph, files: ['m.onnx'] }), []);
  const findings = findingsOf('external-data', { graph, files: ['m.onnx', 'm.onnx.data', 'weights/w1'] });
  assert.deepEqual(
    findings.map(({ severity, place }) => [severity, place]),
    [
      ['note', 'm.onnx.data'],
      ['note', 'weights/w1'],
    ],
  );
});
