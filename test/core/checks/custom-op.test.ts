import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graphWith, nodeOf } from '../../support/graphs.js';
import { findingsOf } from './subject.js';

test('operators of domains that no runtime brings are named once each, with a node', () => {
  const run = (name: string) => nodeOf('Run', ['x'], [name], {}, { domain: 'com.acme', name });
  const inner = graphWith({ nodes: [nodeOf('Exec', ['x'], ['z'], {}, { domain: 'py' })] });
  const branch = nodeOf('If', ['c'], ['b'], { then_branch: { type: 'graph', value: inner } });
  const findings = findingsOf('custom-op', { graph: graphWith({ nodes: [run('a'), run('b'), branch] }) });
  assert.deepEqual(
    findings.map(({ severity, place, message }) => [severity, place, message]),
    [
      ['warning', 'a', "operator com.acme.Run of node 'a' and 1 more is no standard one"],
      ['warning', 'z', "operator py.Exec of node 'z' is no standard one"],
    ],
  );
});

test('operators of ONNX and of ONNX Runtime are none', () => {
  const nodes = ['', 'ai.onnx.ml', 'com.microsoft'].map((domain) =>
    nodeOf('Gelu', ['x'], [`y${domain}`], {}, { domain }),
  );
  assert.deepEqual(findingsOf('custom-op', { graph: graphWith({ nodes }) }), []);
});
