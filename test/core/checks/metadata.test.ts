import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graphWith } from '../../support/graphs.js';
import { findingsOf } from './subject.js';

test('says who wrote the file and what it says of itself, at a length that can be read', () => {
  const metadata = new Map(Array.from({ length: 20 }, (_, i) => [`key${i}`, i === 0 ? 'v'.repeat(1000) : 'v']));
  const [writer, entries] = findingsOf('metadata', { graph: graphWith({ producer: 'pytorch 2.5', metadata }) });
  assert.deepEqual([writer?.severity, writer?.message], ['note', 'written by pytorch 2.5']);
  assert.match(entries?.message ?? '', /^metadata: key0 = v{120}… \(1000 characters\); key1 = v; .*; 12 more$/);
});

test('a file that names nobody is told from one that does', () => {
  const findings = findingsOf('metadata', { graph: graphWith({ producer: '' }) });
  assert.deepEqual(
    findings.map(({ message }) => message),
    ['names no program that wrote it'],
  );
});
