import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printGraph } from '../../../core/onnx/print.js';
import { bool, float32, ints, scalar } from '../../../core/onnx/tensor.js';
import { expectGolden } from '../../support/golden.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../../support/graphs.js';

const branch = (value: number) =>
  ({
    type: 'graph',
    value: graphWith({
      outputs: [valueOf('b', [])],
      nodes: [nodeOf('Identity', ['c'], ['b'])],
      initializers: tensorsOf({ c: scalar(value) }),
    }),
  }) as const;

const everything = graphWith({
  opsets: new Map([
    ['com.example', 2],
    ['', 17],
  ]),
  inputs: [valueOf('x', ['N', 3, null, 8]), valueOf('any rank', undefined, 'uint8')],
  outputs: [valueOf('y', ['N', 10])],
  initializers: tensorsOf({
    large: float32([3, 4], [0.1, -2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    axes: ints(0, -1, 2 ** 40),
    flag: bool([], [1]),
    empty: float32([0, 4], []),
    words: { dtype: 'string', dims: [2], data: ['a "b"', '\n'] },
    half: { dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xfc00) },
  }),
  nodes: [
    nodeOf('Clip', ['x', '', 'large'], ['c'], {}, { name: 'clip' }),
    nodeOf('Custom', ['c'], ['d', '', 'e'], { mode: { type: 'string', value: 'up\n' } }, { domain: 'com.example' }),
    nodeOf('If', ['flag'], ['y'], { then_branch: branch(1), else_branch: branch(2), note: { type: 'int', value: 1 } }),
    nodeOf('All', ['d'], ['z'], {
      float: { type: 'float', value: 0.1 },
      floats: { type: 'floats', value: [1, Number.NaN, 1e-7] },
      ints: { type: 'ints', value: [1, -2] },
      strings: { type: 'strings', value: ['a', 'b'] },
      tensor: { type: 'tensor', value: ints(7) },
    }),
  ],
});

test('every kind of attribute, tensor and name has one readable form', () => {
  expectGolden('onnx/print.txt', printGraph(everything));
});

test('computed values show their types where a shape inference knows them', () => {
  const text = printGraph(everything, new Map([['c', { dtype: 'float32', dims: ['N', 3] }]]));
  assert.match(text, /^c: float32\[N,3\] = Clip\(x, _, large\)$/m);
});

test('two large tensors that differ in one late value print differently', () => {
  const values = Array.from({ length: 100 }, (_, i) => i);
  const print = (last: number) =>
    printGraph(graphWith({ initializers: tensorsOf({ w: float32([101], [...values, last]) }) }));
  assert.notEqual(print(1), print(2));
  assert.equal(print(1), print(1));
});

test('attribute order in the file does not show', () => {
  const print = (keys: readonly string[]) =>
    printGraph(
      graphWith({
        nodes: [nodeOf('A', ['x'], ['y'], Object.fromEntries(keys.map((key) => [key, { type: 'int', value: 1 }])))],
      }),
    );
  assert.equal(print(['a', 'b']), print(['b', 'a']));
});

test('a name cannot break out of its line', () => {
  const text = printGraph(graphWith({ nodes: [nodeOf('Relu', ['x\ninput evil: float32[1]'], ['y\u001b[31m'])] }));
  assert.equal(text.split('\n').length, 3);
  assert.ok(!text.includes('\u001b'));
});
