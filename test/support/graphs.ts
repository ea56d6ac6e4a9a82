import assert from 'node:assert/strict';
import type { Attribute, DType, Dim, Graph, Node, Tensor, ValueInfo } from '../../core/onnx/graph.js';
import { ScanError, type ScanErrorCode } from '../../core/scan/errors.js';

/** A graph with the fields a test does not care about filled in. */
export function graphWith(parts: Partial<Graph>): Graph {
  return {
    name: 'test',
    irVersion: 8,
    producer: 'test',
    opsets: new Map([['', 17]]),
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
    ...parts,
  };
}

export function nodeOf(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  more: Partial<Node> = {},
): Node {
  return { name: '', op, domain: '', inputs, outputs, attributes: new Map(Object.entries(attributes)), ...more };
}

export function valueOf(name: string, dims: readonly Dim[] | undefined, dtype: DType = 'float32'): ValueInfo {
  return { name, dtype, dims };
}

export function tensorsOf(tensors: Readonly<Record<string, Tensor>>): ReadonlyMap<string, Tensor> {
  return new Map(Object.entries(tensors));
}

/** For assert.throws and assert.rejects: a ScanError of this code whose message matches every pattern. */
export function scanError(code: ScanErrorCode, ...patterns: readonly RegExp[]): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof ScanError, `not a ScanError: ${String(thrown)}`);
    assert.equal(thrown.code, code, thrown.message);
    for (const pattern of patterns) assert.match(thrown.message, pattern);
    return true;
  };
}
