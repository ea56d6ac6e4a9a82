import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeModel, type DecodeOptions } from '../../../../adapters/formats/onnx/decode.js';
import { defaultOnnxLimits } from '../../../../adapters/formats/onnx/limits.js';
import type { Graph } from '../../../../core/onnx/graph.js';
import type { onnx } from '../../../../proto/gen/onnx-types.js';
import { scanError } from '../../../support/graphs.js';
import { modelBytes, protoNode, protoValue, record } from './support/wire.js';

const decode = (
  graph: onnx.GraphProto.$Properties,
  more?: onnx.ModelProto.$Properties,
  options: DecodeOptions = {},
): Graph => decodeModel(modelBytes(graph, more), { file: 'm.onnx', ...options });
const malformed = (...patterns: RegExp[]) => scanError('model-malformed', /^m\.onnx: /, ...patterns);

const x = protoValue('x', ['N', 3, 8, 8]);
const y = protoValue('y', ['N', 10]);
const one = { dataType: 1, dims: [1], rawData: new Uint8Array(Float32Array.of(1).buffer) };

test('names, types, versions and metadata arrive as they are', () => {
  const graph = decode(
    { name: 'g', node: [{ ...protoNode('Relu', ['x'], ['y']), name: 'relu' }], input: [x], output: [y] },
    {
      producerName: 'pytorch',
      producerVersion: '2.1',
      opsetImport: [
        { domain: 'ai.onnx', version: 18 },
        { domain: 'com.example', version: 1 },
      ],
      metadataProps: [{ key: 'author', value: 'a' }],
    },
  );
  assert.deepEqual(graph, {
    name: 'g',
    irVersion: 8,
    producer: 'pytorch 2.1',
    opsets: new Map([
      ['', 18],
      ['com.example', 1],
    ]),
    inputs: [{ name: 'x', dtype: 'float32', dims: ['N', 3, 8, 8] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: ['N', 10] }],
    nodes: [{ name: 'relu', op: 'Relu', domain: '', inputs: ['x'], outputs: ['y'], attributes: new Map() }],
    initializers: new Map(),
    metadata: new Map([['author', 'a']]),
  });
});

test('unknown sizes: no value, an empty name, -1; an unknown rank', () => {
  const dim = [{}, { dimParam: '' }, { dimValue: -1 }, { dimValue: 0 }];
  const input = [
    { name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } },
    { name: 'r', type: { tensorType: { elemType: 1 } } },
    { name: 's', type: { tensorType: { elemType: 1, shape: {} } } },
  ];
  const dims = decode({ input }).inputs.map((info) => info.dims);
  assert.deepEqual(dims, [[null, null, null, 0], undefined, []]);
});

test('every kind of attribute', () => {
  const attribute: onnx.AttributeProto.$Properties[] = [
    { name: 'f', type: 1, f: 0.5 },
    { name: 'zero', type: 1 },
    { name: 'i', type: 2, i: -3 },
    { name: 's', type: 3, s: new TextEncoder().encode('ü') },
    { name: 't', type: 4, t: one },
    { name: 'fs', type: 6, floats: [1, 2] },
    { name: 'is', type: 7, ints: [1, -2] },
    { name: 'none', type: 7 },
    { name: 'ss', type: 8, strings: [new TextEncoder().encode('a')] },
  ];
  const [node] = decode({ node: [protoNode('A', ['x'], ['y'], attribute)], input: [x], output: [y] }).nodes;
  assert.deepEqual(Object.fromEntries(node!.attributes), {
    f: { type: 'float', value: 0.5 },
    zero: { type: 'float', value: 0 },
    i: { type: 'int', value: -3 },
    s: { type: 'string', value: 'ü' },
    t: { type: 'tensor', value: { dtype: 'float32', dims: [1], data: Float32Array.of(1) } },
    fs: { type: 'floats', value: [1, 2] },
    is: { type: 'ints', value: [1, -2] },
    none: { type: 'ints', value: [] },
    ss: { type: 'strings', value: ['a'] },
  });
});

test('attributes of the first IR version have no type: the value tells', () => {
  const attribute = [
    { name: 'f', f: 0 },
    { name: 'i', i: 0 },
    { name: 's', s: new Uint8Array() },
    { name: 't', t: one },
    { name: 'g', g: {} },
    { name: 'fs', floats: [0] },
    { name: 'is', ints: [0] },
    { name: 'ss', strings: [new Uint8Array()] },
  ];
  const [node] = decode({ node: [protoNode('A', ['x'], ['y'], attribute)], input: [x] }).nodes;
  assert.deepEqual(
    [...node!.attributes.values()].map(({ type }) => type),
    ['float', 'int', 'string', 'tensor', 'graph', 'floats', 'ints', 'strings'],
  );
});

test('attributes that no graph can hold are named with their node', () => {
  for (const type of [9, 10, 12, 13, 14, 99, 0]) {
    const node = { ...protoNode('Optional', ['x'], ['y'], [{ name: 'kind', type }]), name: 'opt' };
    assert.throws(
      () => decode({ node: [node], input: [x] }),
      scanError('model-unsupported-op', /kind of node opt \(Optional\)/),
    );
  }
});

test('initializers that old files list as inputs are no inputs', () => {
  const graph = decode(
    {
      node: [protoNode('Add', ['x', 'w'], ['y'])],
      input: [x, protoValue('w')],
      output: [y],
      initializer: [{ name: 'w', ...one }],
    },
    { irVersion: 3 },
  );
  assert.deepEqual(
    graph.inputs.map(({ name }) => name),
    ['x'],
  );
  assert.ok(graph.initializers.has('w'));
});

test('the default domain has one name', () => {
  const node = { ...protoNode('Relu', ['x'], ['y']), domain: 'ai.onnx' };
  const custom = { ...protoNode('Foo', ['y'], ['z']), domain: 'com.example' };
  assert.deepEqual(
    decode({ node: [node, custom], input: [x] }).nodes.map(({ domain }) => domain),
    ['', 'com.example'],
  );
});

describe('Constant nodes become initializers', () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const sparse = {
    values: { dataType: 1, dims: [1], rawData: one.rawData },
    indices: { dataType: 7, dims: [1], rawData: new Uint8Array(BigInt64Array.of(1n).buffer) },
    dims: [2],
  };
  const cases: readonly [onnx.AttributeProto.$Properties, unknown][] = [
    [
      { name: 'value', type: 4, t: one },
      { dtype: 'float32', dims: [1], data: Float32Array.of(1) },
    ],
    [
      { name: 'value_float', type: 1, f: 2 },
      { dtype: 'float32', dims: [], data: Float32Array.of(2) },
    ],
    [
      { name: 'value_floats', type: 6, floats: [2] },
      { dtype: 'float32', dims: [1], data: Float32Array.of(2) },
    ],
    [
      { name: 'value_int', type: 2, i: -2 },
      { dtype: 'int64', dims: [], data: BigInt64Array.of(-2n) },
    ],
    [
      { name: 'value_ints', type: 7, ints: [3] },
      { dtype: 'int64', dims: [1], data: BigInt64Array.of(3n) },
    ],
    [
      { name: 'value_string', type: 3, s: text('a') },
      { dtype: 'string', dims: [], data: ['a'] },
    ],
    [
      { name: 'value_strings', type: 8, strings: [text('a')] },
      { dtype: 'string', dims: [1], data: ['a'] },
    ],
    [
      { name: 'sparse_value', type: 11, sparseTensor: sparse },
      { dtype: 'float32', dims: [2], data: Float32Array.of(0, 1) },
    ],
  ];
  for (const [attribute, tensor] of cases) {
    test(attribute.name!, () => {
      const graph = decode({ node: [protoNode('Constant', [], ['c'], [attribute])] });
      assert.deepEqual([graph.nodes, graph.initializers], [[], new Map([['c', tensor]])]);
    });
  }

  test('the largest int64, "to the end", does not wrap around', () => {
    const max = { low: -1, high: 0x7fffffff, unsigned: false } as unknown as number;
    const graph = decode({ node: [protoNode('Constant', [], ['c'], [{ name: 'value_ints', type: 7, ints: [max] }])] });
    assert.deepEqual(graph.initializers.get('c')?.data, BigInt64Array.of(2n ** 63n - 1n));
  });

  test('one without a value, or with two, or defined twice, is refused', () => {
    const attribute = { name: 'value_int', type: 2, i: 1 };
    const two = [attribute, { name: 'value_float', type: 1, f: 1 }];
    for (const node of [
      protoNode('Constant', [], ['c']),
      protoNode('Constant', [], ['c'], two),
      protoNode('Constant', [], [], [attribute]),
    ]) {
      assert.throws(() => decode({ node: [node] }), malformed(/Constant/));
    }
    const node = protoNode('Constant', [], ['c'], [attribute]);
    assert.throws(() => decode({ node: [node, node] }), malformed(/'c' is defined twice/));
  });
});

test('functions are inlined, their constants too', () => {
  const half = {
    name: 'Half',
    domain: 'local',
    input: ['a'],
    output: ['b'],
    attribute: ['by'],
    opsetImport: [{ domain: '', version: 17 }],
    node: [
      protoNode('Constant', [], ['c'], [{ name: 'value_float', type: 1, refAttrName: 'by' }]),
      protoNode('Mul', ['a', 'c'], ['b']),
    ],
  };
  const call = { ...protoNode('Half', ['x'], ['y'], [{ name: 'by', type: 1, f: 0.5 }]), domain: 'local', name: 'half' };
  const graph = decode({ node: [call], input: [x], output: [y] }, { functions: [half] });
  assert.deepEqual(
    graph.nodes.map(({ op, inputs, outputs }) => [op, inputs, outputs]),
    [['Mul', ['x', 'half/c'], ['y']]],
  );
  assert.deepEqual(graph.initializers.get('half/c')?.data, Float32Array.of(0.5));
});

test('inputs and outputs that are no tensors: the model is no image classifier', () => {
  const types = {
    sequenceType: 'sequence',
    mapType: 'map',
    opaqueType: 'opaque',
    sparseTensorType: 'sparseTensor',
    optionalType: 'optional',
  };
  for (const [key, name] of Object.entries(types)) {
    const info = { name: 'x', type: { [key]: new Uint8Array() } };
    assert.throws(
      () => decode({ input: [info] }),
      scanError('model-not-a-classifier', new RegExp(`input 'x' is of ${name} type`)),
    );
  }
});

test('conflicting operator sets are refused, equal ones are not', () => {
  const sets = (...versions: number[]) => ({
    opsetImport: [
      { domain: '', version: versions[0]! },
      { domain: 'ai.onnx', version: versions[1]! },
    ],
  });
  assert.throws(() => decode({}, sets(17, 18)), malformed(/17 and 18/));
  assert.equal(decode({}, sets(17, 17)).opsets.get(''), 17);
});

test('no graph, text that is no UTF-8, and files above the limit are refused', () => {
  const file = 'm.onnx';
  assert.throws(() => decodeModel(new Uint8Array(), { file }), malformed(/no graph/));
  assert.throws(() => decodeModel(record(7, record(2, Uint8Array.of(0xff, 0xfe))), { file }), malformed());
  const limits = { ...defaultOnnxLimits, maxBytes: 3 };
  assert.throws(
    () => decodeModel(new Uint8Array(4), { file, limits }),
    scanError('model-too-large', /4 bytes \(limit 3\)/),
  );
});

test('a tensor stored in another file, which nobody gave', () => {
  const initializer = [
    { name: 'w', dataType: 1, dims: [1], dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] },
  ];
  assert.throws(() => decode({ initializer }), scanError('model-external-data', /'w\.bin'/));
});
