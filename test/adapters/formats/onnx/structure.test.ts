import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeModel, type DecodeOptions } from '../../../../adapters/formats/onnx/decode.js';
import type { Graph } from '../../../../core/onnx/graph.js';
import type { onnx } from '../../../../proto/gen/onnx-types.js';
import { scanError } from '../../../support/graphs.js';
import { modelBytes, protoNode, protoValue } from './support/wire.js';

const decode = (
  graph: onnx.GraphProto.$Properties,
  more?: onnx.ModelProto.$Properties,
  options: DecodeOptions = {},
): Graph => decodeModel(modelBytes(graph, more), { file: 'm.onnx', ...options });
const malformed = (...patterns: RegExp[]) => scanError('model-malformed', /^m\.onnx: /, ...patterns);

const x = protoValue('x', ['N', 3, 8, 8]);
const y = protoValue('y', ['N', 10]);
const one = { dataType: 1, dims: [1], rawData: new Uint8Array(Float32Array.of(1).buffer) };

describe('the order of nodes', () => {
  test('sorted files keep theirs, others are sorted', () => {
    const node = [protoNode('C', ['b', 'a'], ['y']), protoNode('B', ['a'], ['b']), protoNode('A', ['x'], ['a'])];
    const ops = (graph: Graph) => graph.nodes.map(({ op }) => op).join('');
    assert.equal(ops(decode({ node, input: [x], output: [y] })), 'ABC');
    const sorted = [protoNode('A', ['x'], ['a']), protoNode('Z', ['x'], ['z']), protoNode('B', ['a'], ['y'])];
    assert.equal(ops(decode({ node: sorted, input: [x], output: [y] })), 'AZB');
  });

  test('a hundred thousand nodes in reverse order do not overflow the stack', () => {
    const count = 100_000;
    const node = Array.from({ length: count }, (_, i) =>
      protoNode('Relu', [i === count - 1 ? 'x' : `v${i + 1}`], [`v${i}`]),
    );
    const graph = decode({ node, input: [x], output: [protoValue('v0')] });
    assert.deepEqual(graph.nodes.at(-1)?.outputs, ['v0']);
  });

  test('cycles are refused', () => {
    const loop = [protoNode('A', ['b'], ['a']), protoNode('B', ['a'], ['b'])];
    assert.throws(() => decode({ node: loop, input: [x] }), malformed(/depends on itself/));
    assert.throws(() => decode({ node: [protoNode('A', ['a'], ['a'])] }), malformed(/depends on itself/));
  });
});

describe('every value is defined exactly once', () => {
  const relu = protoNode('Relu', ['x'], ['y']);
  const refused: readonly [string, onnx.GraphProto.$Properties, RegExp][] = [
    ['two nodes', { node: [relu, relu], input: [x] }, /'y' is defined twice/],
    ['a node and an input', { node: [relu], input: [x, y] }, /'y' is defined twice/],
    ['a node and an initializer', { node: [relu], input: [x], initializer: [{ name: 'y', ...one }] }, /twice/],
    ['two inputs', { input: [x, x] }, /'x' is defined twice/],
    [
      'two initializers',
      {
        initializer: [
          { name: 'w', ...one },
          { name: 'w', ...one },
        ],
      },
      /'w' is defined twice/,
    ],
    ['two outputs of one node', { node: [protoNode('Split', ['x'], ['y', 'y'])], input: [x] }, /twice/],
    ['a use without a definition', { node: [relu] }, /node y \(Relu\) uses 'x', which is never defined/],
    ['an output without a definition', { output: [y] }, /output 'y' is never computed/],
    ['an initializer without a name', { initializer: [one] }, /no name/],
    ['an input without a name', { input: [{ ...x, name: '' }] }, /no name/],
    ['a node without an operator', { node: [protoNode('', ['x'], ['y'])], input: [x] }, /no operator/],
    [
      'an attribute given twice',
      {
        node: [
          protoNode(
            'A',
            ['x'],
            ['y'],
            [
              { name: 'a', type: 1 },
              { name: 'a', type: 2 },
            ],
          ),
        ],
        input: [x],
      },
      /a of node y \(A\) is given twice/,
    ],
    ['an input without a type', { input: [{ name: 'x' }] }, /input 'x' declares no type/],
    ['an output without a type', { node: [relu], input: [x], output: [{ name: 'y' }] }, /output 'y' declares no type/],
    ['a negative size', { input: [protoValue('x', [-2])] }, /negative/],
  ];
  for (const [name, graph, pattern] of refused) {
    test(name, () => {
      assert.throws(() => decode(graph), malformed(pattern));
    });
  }

  test('omitted inputs and outputs are no values', () => {
    const node = [
      protoNode('Clip', ['x', '', ''], ['c']),
      protoNode('Dropout', ['c'], ['y', '']),
      protoNode('Split', ['x'], ['', '']),
    ];
    assert.deepEqual(decode({ node, input: [x], output: [y] }).nodes[0]?.inputs, ['x', '', '']);
  });
});

describe('subgraphs', () => {
  const branch = (node: onnx.NodeProto.$Properties[], output: string, more: onnx.GraphProto.$Properties = {}) => ({
    node,
    output: [{ name: output }],
    ...more,
  });
  const choice = (g: onnx.GraphProto.$Properties) =>
    protoNode('If', ['flag'], ['y'], [{ name: 'then_branch', type: 5, g }]);
  const flag = protoValue('flag', [], 9);

  test('may capture values from outside, which their node then depends on', () => {
    const node = [choice(branch([protoNode('Relu', ['h'], ['b'])], 'b')), protoNode('Tanh', ['x'], ['h'])];
    const graph = decode({ node, input: [x, flag], output: [y] });
    assert.deepEqual(
      graph.nodes.map(({ op }) => op),
      ['Tanh', 'If'],
    );
  });

  test('need not type their inputs and outputs', () => {
    const inner = branch([protoNode('Relu', ['i'], ['b'])], 'b', { input: [{ name: 'i' }] });
    const [node] = decode({ node: [choice(inner)], input: [x, flag] }).nodes;
    const body = node?.attributes.get('then_branch');
    assert.ok(body?.type === 'graph');
    assert.deepEqual([body.value.inputs[0]?.dims, body.value.outputs[0]?.dims], [undefined, undefined]);
    const sequence = { ...inner, input: [{ name: 'i', type: { sequenceType: new Uint8Array() } }] };
    assert.equal(decode({ node: [choice(sequence)], input: [x, flag] }).nodes.length, 1);
  });

  test('are checked and sorted, and their constants lifted', () => {
    const inner = branch(
      [
        protoNode('Add', ['a', 'c'], ['b']),
        protoNode('Relu', ['x'], ['a']),
        protoNode('Constant', [], ['c'], [{ name: 'value_float', type: 1, f: 1 }]),
      ],
      'b',
    );
    const body = decode({ node: [choice(inner)], input: [x, flag] }).nodes[0]?.attributes.get('then_branch');
    assert.ok(body?.type === 'graph');
    assert.deepEqual(
      body.value.nodes.map(({ op }) => op),
      ['Relu', 'Add'],
    );
    assert.ok(body.value.initializers.has('c'));
    const shadow = branch([protoNode('Relu', ['x'], ['x'])], 'x');
    assert.throws(() => decode({ node: [choice(shadow)], input: [x, flag] }), malformed(/'x' is defined twice/));
    const stray = branch([protoNode('Relu', ['nope'], ['b'])], 'b');
    assert.throws(() => decode({ node: [choice(stray)], input: [x, flag] }), malformed(/'nope'/));
    const itself = branch([protoNode('Relu', ['y'], ['b'])], 'b');
    assert.throws(() => decode({ node: [choice(itself)], input: [x, flag] }), malformed(/depends on itself/));
  });
});
