import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checks, runChecks } from '../../../core/checks/index.js';
import { graphWith, nodeOf } from '../../support/graphs.js';

test('ids are unique, and every check says what to do', () => {
  assert.equal(new Set(checks.map(({ id }) => id)).size, checks.length);
  for (const { id, title, help } of checks) {
    assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    assert.ok(title.length > 10 && help.length > 40, id);
  }
});

test('a file cannot make the answer longer than a person reads', () => {
  const nodes = Array.from({ length: 1000 }, (_, i) => nodeOf(`Op${i}`, ['x'], [`y${i}`], {}, { domain: 'com.acme' }));
  const found = runChecks({ graph: graphWith({ nodes }), files: ['m.onnx'], bound: undefined });
  const custom = found.filter(({ check }) => check === 'custom-op');
  assert.equal(custom.length, 21);
  assert.equal(custom.at(-1)!.message, '980 more findings of this check');
});
