import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeModel } from '../../../../adapters/formats/onnx/decode.js';
import { encodeModel } from '../../../../adapters/formats/onnx/encode.js';
import { printGraph } from '../../../../core/onnx/print.js';
import { findClassifier } from '../../../../core/onnx/classifier.js';
import type { Graph } from '../../../../core/onnx/graph.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { repoRoot, sharedDir } from '../../../support/paths.js';
import { modelBytes, protoNode, protoValue, varint } from './support/wire.js';

/** Small, with every part a file can have: subgraph, function, sparse tensor, metadata, all kinds of attributes. */
const handmade = modelBytes(
  {
    name: 'g',
    node: [
      { ...protoNode('Half', ['x'], ['h'], [{ name: 'by', type: 1, f: 2 }]), domain: 'local' },
      protoNode(
        'If',
        ['flag'],
        ['i'],
        [{ name: 'then_branch', type: 5, g: { node: [protoNode('Relu', ['h'], ['a'])], output: [{ name: 'a' }] } }],
      ),
      protoNode('Constant', [], ['c'], [{ name: 'value_ints', type: 7, ints: [1, -1] }]),
      protoNode('Softmax', ['i'], ['y'], [{ name: 'axis', type: 2, i: 1 }]),
    ],
    input: [protoValue('x', ['N', 3, 8, 8])],
    output: [protoValue('y', ['N', 10])],
    initializer: [
      { name: 'flag', dataType: 9, dims: [], int32Data: [varint(1)] },
      { name: 'w', dataType: 1, dims: [2, 2], rawData: new Uint8Array(16) },
    ],
    sparseInitializer: [
      {
        values: { name: 's', dataType: 1, dims: [1], rawData: new Uint8Array(4) },
        indices: { dataType: 7, dims: [1], int64Data: [varint(1)] },
        dims: [4],
      },
    ],
  },
  {
    metadataProps: [{ key: 'a', value: 'b' }],
    functions: [
      {
        name: 'Half',
        domain: 'local',
        input: ['a'],
        output: ['b'],
        attribute: ['by'],
        opsetImport: [{ domain: '', version: 17 }],
        node: [protoNode('Elu', ['a'], ['b'], [{ name: 'alpha', type: 1, refAttrName: 'by' }])],
      },
    ],
  },
);

const victims = [
  ['a model with every part', handmade],
  ['an example', read(join(repoRoot, 'examples/models/digits-clean.onnx'))],
  ['a transformer', read(join(sharedDir, 'ops-zoo/models/swin-mini.dynamo18.onnx'))],
  ['a quantised-input net', read(join(sharedDir, 'ops-zoo/models/resnet10-uint8.legacy17.onnx'))],
] as const;

/** Positions gather where the structure is: the ends of a file and around its nodes, not inside of weights. */
type Mutation = (file: Uint8Array) => Uint8Array;
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.01, noNaN: true }),
  fc.double({ min: 0.99, max: 1, noNaN: true }),
);
const at = (file: Uint8Array, where: number): number => Math.min(file.length - 1, Math.floor(where * file.length));
const splice = (file: Uint8Array, from: number, drop: number, insert: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([file.subarray(0, from), insert, file.subarray(from + drop)]));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(([where, mask]) => (file: Uint8Array) => {
    const copy = new Uint8Array(file);
    copy[at(file, where)]! ^= mask;
    return copy;
  }),
  place.map((where) => (file: Uint8Array) => file.slice(0, at(file, where))),
  fc.tuple(place, fc.nat(40), fc.uint8Array({ maxLength: 40 })).map(
    ([where, drop, insert]) =>
      (file: Uint8Array) =>
        splice(file, at(file, where), drop, insert),
  ),
  // A record that claims far more than there is, and a number list that is one huge dimension.
  fc.tuple(place, fc.constantFrom(2 ** 20, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53), fc.nat(30)).map(
    ([where, length, field]) =>
      (file: Uint8Array) =>
        splice(file, at(file, where), 0, Buffer.concat([varint(field * 8 + 2), varint(length)])),
  ),
  fc.tuple(place, place, fc.nat(500)).map(
    ([from, to, length]) =>
      (file: Uint8Array) =>
        splice(file, at(file, to), 0, file.slice(at(file, from), at(file, from) + length)),
  ),
  fc.tuple(place, fc.nat(2000)).map(
    ([where, count]) =>
      (file: Uint8Array) =>
        splice(file, at(file, where), 0, new Uint8Array(count).fill(0x0b)),
  ),
);

describe('a damaged file gives a graph or a ScanError, nothing else', () => {
  for (const [name, file] of victims) {
    test(name, { skip: file ? false : 'the shared models are not here' }, () => {
      const numRuns = file!.length < 10_000 ? 3000 : 150;
      fc.assert(
        fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
          digest(mutations.reduce((bytes, mutate) => (bytes.length === 0 ? bytes : mutate(bytes)), file!));
        }),
        { numRuns },
      );
    });
  }

  test('every single bit of a small model', () => {
    let graphs = 0;
    for (let bit = 0; bit < handmade.length * 8; bit++) {
      const copy = new Uint8Array(handmade);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      if (digest(copy)) graphs++;
    }
    assert.ok(graphs > 0, 'flips in names and weights still give graphs');
  });

  test('every prefix of a small model', () => {
    for (let length = 0; length < handmade.length; length++) digest(handmade.slice(0, length));
  });

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void digest(bytes)),
      { numRuns: 2000 },
    );
  });

  test('the victims themselves are read', () => {
    assert.ok(digest(handmade));
    for (const [, file] of victims) if (file) assert.ok(digest(file));
  });
});

/** What a scan does with a file before anything runs; false when it was refused. */
function digest(bytes: Uint8Array): boolean {
  let graph: Graph;
  try {
    graph = decodeModel(bytes, { file: 'fuzzed.onnx' });
  } catch (thrown) {
    if (!(thrown instanceof ScanError)) throw thrown;
    return false;
  }
  // A graph that was let in is sound: it prints, and it can be handed to an engine.
  printGraph(graph);
  decodeModel(encodeModel(graph), { file: 'written.onnx' });
  try {
    findClassifier(graph);
  } catch (thrown) {
    if (!(thrown instanceof ScanError)) throw thrown;
  }
  return true;
}

function read(path: string): Uint8Array | undefined {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}
