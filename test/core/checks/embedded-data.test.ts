import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph } from '../../../core/onnx/graph.js';
import { float32 } from '../../../core/onnx/tensor.js';
import { graphWith, nodeOf, tensorsOf } from '../../support/graphs.js';
import { findingsOf } from './subject.js';

const messages = (graph: Graph): string[] =>
  findingsOf('embedded-data', { graph }).map(({ severity, message }) => {
    assert.equal(severity, 'warning');
    return message;
  });

test('metadata that begins like a program or an archive, plain or encoded, is reported', () => {
  const metadata = new Map([
    ['plain', '#!/bin/sh\nrm -rf /'],
    ['encoded', 'f0VMRgIBAQAAAAAAAAAAAA'],
    ['zip', 'PK\x03\x04rest'],
    ['names', '{0: "tench", 1: "goldfish"}'],
  ]);
  assert.deepEqual(messages(graphWith({ metadata })), [
    "metadata entry 'plain' begins like a script (18 characters)",
    "metadata entry 'encoded' begins like an encoded file (22 characters)",
    "metadata entry 'zip' begins like a zip archive (8 characters)",
  ]);
});

test('text far longer than exporters write is reported, a class list and a stack trace are not', () => {
  const metadata = new Map([
    ['classes', 'x'.repeat(30_000)],
    ['blob', 'x'.repeat(200_000)],
  ]);
  const text = { type: 'string', value: 'x'.repeat(5000) } as const;
  const node = nodeOf('Cast', ['x'], ['y'], { code: text, mode: { type: 'string', value: 'linear' } }, { name: 'n' });
  assert.deepEqual(messages(graphWith({ metadata, nodes: [node] })), [
    "metadata entry 'blob' has 200000 characters",
    "attribute code of node 'n' has 5000 characters",
  ]);
});

test('a tensor that holds a program, or a large one that nothing reads, is reported', () => {
  const program = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  const initializers = tensorsOf({
    program: { dtype: 'uint8', dims: [8], data: program },
    large: float32([20_000], new Float32Array(20_000)),
    small: float32([2], [1, 2]),
    used: float32([20_000], new Float32Array(20_000)),
    // The same bytes in a tensor of floats are a number like any other.
    floats: float32([2], new Float32Array(program.buffer)),
  });
  const graph = graphWith({ initializers, nodes: [nodeOf('Add', ['used', 'program'], ['y'])] });
  assert.deepEqual(messages(graph), [
    "tensor 'program' begins like an ELF program (8 bytes)",
    "tensor 'large' of 80000 bytes is read by nothing",
  ]);
});
