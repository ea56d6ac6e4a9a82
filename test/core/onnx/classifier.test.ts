import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findClassifier } from '../../../core/onnx/classifier.js';
import type { Attribute, Dim, DType, Graph, Node, ValueInfo } from '../../../core/onnx/graph.js';
import { float32 } from '../../../core/onnx/tensor.js';
import { graphWith, nodeOf, scanError, tensorsOf, valueOf } from '../../support/graphs.js';

const perm = (...value: number[]): Record<string, Attribute> => ({ perm: { type: 'ints', value } });
const axis = (value: number): Record<string, Attribute> => ({ axis: { type: 'int', value } });

/** x -> Flatten -> Gemm -> logits, and whatever a test puts behind the logits. */
function classifier(
  tail: readonly Node[] = [],
  output = 'logits',
  dims: readonly Dim[] | undefined = ['N', 10],
): Graph {
  return graphWith({
    inputs: [valueOf('x', ['N', 3, 32, 32])],
    outputs: [valueOf(output, dims)],
    initializers: tensorsOf({ w: float32([10, 1], new Float32Array(10)) }),
    nodes: [nodeOf('Flatten', ['x'], ['flat']), nodeOf('Gemm', ['flat', 'w'], ['logits']), ...tail],
  });
}

describe('the final activation', () => {
  const cases: readonly [string, readonly Node[], string, string | undefined][] = [
    ['no activation', [], 'logits', undefined],
    ['Softmax', [nodeOf('Softmax', ['logits'], ['y'], axis(1))], 'logits', 'Softmax'],
    ['LogSoftmax', [nodeOf('LogSoftmax', ['logits'], ['y'])], 'logits', 'LogSoftmax'],
    ['Sigmoid', [nodeOf('Sigmoid', ['logits'], ['y'])], 'logits', 'Sigmoid'],
    [
      'a Softmax in front of reshapes and casts',
      [
        nodeOf('Softmax', ['logits'], ['p']),
        nodeOf('Cast', ['p'], ['c']),
        nodeOf('Reshape', ['c', 'shape'], ['r']),
        nodeOf('Identity', ['r'], ['y']),
      ],
      'logits',
      'Softmax',
    ],
    ['Log of Softmax', [nodeOf('Softmax', ['logits'], ['p']), nodeOf('Log', ['p'], ['y'])], 'logits', 'LogSoftmax'],
    [
      'a softmax in parts',
      [
        nodeOf('ReduceMax', ['logits'], ['m']),
        nodeOf('Sub', ['logits', 'm'], ['z']),
        nodeOf('Exp', ['z'], ['e']),
        nodeOf('ReduceSum', ['e', 'axes'], ['s']),
        nodeOf('Div', ['e', 's'], ['y']),
      ],
      'logits',
      'Softmax',
    ],
    [
      'a log-softmax in parts',
      [nodeOf('ReduceLogSumExp', ['logits'], ['l']), nodeOf('Sub', ['logits', 'l'], ['y'])],
      'logits',
      'LogSoftmax',
    ],
    [
      'a log-softmax in smaller parts',
      [
        nodeOf('ReduceMax', ['logits'], ['m']),
        nodeOf('Sub', ['logits', 'm'], ['z']),
        nodeOf('Exp', ['z'], ['e']),
        nodeOf('ReduceSum', ['e'], ['s']),
        nodeOf('Log', ['s'], ['l']),
        nodeOf('Sub', ['z', 'l'], ['y']),
      ],
      'logits',
      'LogSoftmax',
    ],
    [
      'an activation inside the network stays',
      [nodeOf('Softmax', ['logits'], ['p']), nodeOf('Gemm', ['p', 'v'], ['y'])],
      'y',
      undefined,
    ],
    ['a gate stays', [nodeOf('Sigmoid', ['logits'], ['s']), nodeOf('Mul', ['logits', 's'], ['y'])], 'y', undefined],
    ['an ordinary difference stays', [nodeOf('Sub', ['logits', 'w'], ['y'])], 'y', undefined],
    [
      'an ordinary quotient stays',
      [nodeOf('Exp', ['logits'], ['e']), nodeOf('Div', ['e', 'w'], ['y'])],
      'y',
      undefined,
    ],
    [
      'only the last of two is cut',
      [nodeOf('Softmax', ['logits'], ['p']), nodeOf('Sigmoid', ['p'], ['y'])],
      'p',
      'Sigmoid',
    ],
  ];
  for (const [name, tail, logitsName, cut] of cases) {
    test(name, () => {
      const found = findClassifier(classifier(tail, tail.length > 0 ? 'y' : 'logits'));
      assert.equal(found.logitsName, logitsName);
      assert.equal(found.cut, cut);
    });
  }

  test('a softmax over the batch is refused: scores of one image would depend on the others', () => {
    const graph = classifier([nodeOf('Softmax', ['logits'], ['y'], axis(0))], 'y');
    assert.throws(() => findClassifier(graph), scanError('model-not-a-classifier', /axis 0/));
  });
});

describe('the output', () => {
  test('fully convolutional scores [N,K,1,1] and undeclared shapes pass', () => {
    for (const dims of [['N', 10, 1, 1], ['N', 10, 'h', null], undefined] as const) {
      assert.equal(findClassifier(classifier([], 'logits', dims)).logitsName, 'logits');
    }
  });

  test('a detector, a segmenter and a vector without classes are named with their shape', () => {
    for (const dims of [['N', 8400, 85], ['N', 21, 64, 64], ['N']] as const) {
      const shape = new RegExp(`logits: float32\\[${dims.join(',')}\\]`);
      assert.throws(
        () => findClassifier(classifier([], 'logits', dims)),
        scanError('model-not-a-classifier', shape, /--logits-name/),
      );
    }
  });

  test('two outputs are listed, and one can be chosen', () => {
    const graph = classifier([nodeOf('Relu', ['flat'], ['features'])]);
    const two = { ...graph, outputs: [...graph.outputs, valueOf('features', ['N', 3072])] };
    assert.throws(
      () => findClassifier(two),
      scanError('model-ambiguous', /logits: float32\[N,10\]; features: float32\[N,3072\]/, /--logits-name NAME/),
    );
    assert.equal(findClassifier(two, { logitsName: 'logits' }).logitsName, 'logits');
    assert.equal(findClassifier(two, { logitsName: 'flat' }).logitsName, 'flat', 'a value inside the graph');
    assert.throws(() => findClassifier(two, { logitsName: 'nope' }), scanError('model-not-a-classifier', /'nope'/));
  });

  test('a chosen output loses its softmax too', () => {
    const graph = classifier([nodeOf('Softmax', ['logits'], ['y'])], 'y');
    assert.deepEqual(
      { ...findClassifier(graph, { logitsName: 'y' }), input: undefined },
      { ...findClassifier(graph), input: undefined },
    );
  });

  test('a model that ends in ArgMax says which value to choose', () => {
    const graph = classifier([nodeOf('ArgMax', ['logits'], ['k']), nodeOf('Cast', ['k'], ['y'])], 'y');
    const labels = { ...graph, outputs: [valueOf('y', ['N'], 'int64')] };
    assert.throws(() => findClassifier(labels), scanError('model-not-a-classifier', /--logits-name logits$/));
    assert.equal(findClassifier(labels, { logitsName: 'logits' }).logitsName, 'logits');
  });

  test('a graph without outputs is no classifier', () => {
    assert.throws(() => findClassifier({ ...classifier(), outputs: [] }), scanError('model-not-a-classifier'));
  });
});

describe('the image input', () => {
  const withInput = (info: ValueInfo, first: readonly Node[] = [nodeOf('Flatten', ['x'], ['flat'])]): Graph => {
    const base = classifier();
    const conv = { k: float32([8, 3, 1, 1], new Float32Array(24)), k1: float32([8, 1, 1, 1], new Float32Array(8)) };
    return {
      ...base,
      inputs: [info],
      initializers: tensorsOf({ ...Object.fromEntries(base.initializers), ...conv }),
      nodes: [...first, nodeOf('Gemm', ['flat', 'w'], ['logits'])],
    };
  };
  const conv = [nodeOf('Sub', ['x', 'mean'], ['s']), nodeOf('Conv', ['s', 'k'], ['flat'])];
  const toNchw = [nodeOf('Transpose', ['x'], ['t'], perm(0, 3, 1, 2)), nodeOf('Conv', ['t', 'k'], ['flat'])];
  const toNhwc = [nodeOf('Cast', ['x'], ['c']), nodeOf('Transpose', ['c'], ['flat'], perm(0, 2, 3, 1))];

  const cases: readonly [string, readonly Dim[] | undefined, readonly Node[] | undefined, string, number][] = [
    ['NCHW by its shape', ['N', 3, 32, 32], undefined, 'NCHW', 3],
    ['one channel', [1, 1, 28, 28], undefined, 'NCHW', 1],
    ['NHWC by its shape', ['N', 32, 32, 3], undefined, 'NHWC', 3],
    ['NHWC with symbolic sizes', [null, null, null, 3], undefined, 'NHWC', 3],
    ['NCHW with symbolic sizes', ['N', 3, 'H', 'W'], undefined, 'NCHW', 3],
    ['both axes fit', ['N', 3, 32, 3], undefined, 'NCHW', 3],
    ['both axes fit, the graph transposes to NCHW', ['N', 3, 32, 3], toNchw, 'NHWC', 3],
    ['unknown sizes, a Conv', ['N', null, 'H', 'W'], conv, 'NCHW', 3],
    ['unknown rank, a Conv', undefined, conv, 'NCHW', 3],
    ['unknown sizes, a Transpose to NCHW', ['N', 'a', 'b', 'c'], toNchw, 'NHWC', 3],
    ['known channels, a Transpose to NHWC', ['N', 1, 'H', 1], toNhwc, 'NCHW', 1],
  ];
  for (const [name, dims, first, layout, channels] of cases) {
    test(name, () => {
      const found = findClassifier(withInput(valueOf('x', dims), first));
      assert.deepEqual([found.layout, found.channels, found.input.name], [layout, channels, 'x']);
    });
  }

  test('the user may overrule the layout', () => {
    const graph = withInput(valueOf('x', ['N', 3, 32, 3]));
    assert.equal(findClassifier(graph, { layout: 'NHWC' }).layout, 'NHWC');
    const nchw = withInput(valueOf('x', ['N', 3, 32, 32]));
    assert.throws(() => findClassifier(nchw, { layout: 'NHWC' }), scanError('model-not-a-classifier', /32 channels/));
  });

  test('every numeric type passes, text and flags do not', () => {
    for (const dtype of ['float32', 'float64', 'float16', 'uint8', 'int8', 'int32'] satisfies DType[]) {
      assert.equal(findClassifier(withInput(valueOf('x', ['N', 3, 8, 8], dtype))).input.dtype, dtype);
    }
    for (const dtype of ['string', 'bool'] satisfies DType[]) {
      const graph = withInput(valueOf('x', ['N', 3, 8, 8], dtype));
      assert.throws(() => findClassifier(graph), scanError('model-not-a-classifier', new RegExp(dtype)));
    }
  });

  const refused: readonly [string, ValueInfo, RegExp][] = [
    ['tokens', valueOf('x', ['N', 'T'], 'int64'), /language models/],
    ['a table of features', valueOf('x', ['N', 784]), /2 axes/],
    ['a video', valueOf('x', ['N', 3, 8, 32, 32]), /5 axes/],
    ['an alpha channel', valueOf('x', ['N', 4, 32, 32]), /4 channels/],
    ['a spectrogram cube', valueOf('x', ['N', 12, 32, 32]), /neither axis 1 nor axis 3/],
  ];
  for (const [name, info, pattern] of refused) {
    test(`${name} is refused`, () => {
      assert.throws(() => findClassifier(withInput(info)), scanError('model-not-a-classifier', pattern, /x: /));
    });
  }

  test('a layout that nothing tells is ambiguous, not guessed', () => {
    const graph = withInput(valueOf('x', ['N', null, null, null]));
    assert.throws(() => findClassifier(graph), scanError('model-ambiguous', /N,\?,\?,\?/));
  });

  test('a Conv that needs 12 channels of an unknown axis makes no image', () => {
    const graph = withInput(valueOf('x', ['N', null, 8, 8]), [
      nodeOf('Conv', ['x', 'k'], ['flat'], { group: { type: 'int', value: 4 } }),
    ]);
    assert.throws(() => findClassifier(graph), scanError('model-not-a-classifier', /12 channels/));
  });

  test('two images are listed with the flags', () => {
    const base = classifier([nodeOf('Add', ['logits', 'other'], ['y'])], 'y');
    const graph = { ...base, inputs: [...base.inputs, valueOf('other', ['N', 3, 8, 8])] };
    assert.throws(
      () => findClassifier(graph),
      scanError('model-ambiguous', /x: float32\[N,3,32,32\]; other: float32\[N,3,8,8\]/, /--input-name NAME/),
    );
    assert.throws(() => findClassifier(graph, { inputName: 'x' }), scanError('model-not-a-classifier', /2 inputs/));
    assert.equal(findClassifier(graph, { inputName: 'x', logitsName: 'logits' }).input.name, 'x');
  });

  test('an input that the scores do not depend on is no obstacle, and cannot be chosen', () => {
    const base = classifier();
    const graph = { ...base, inputs: [valueOf('unused', ['N']), ...base.inputs] };
    assert.equal(findClassifier(graph).input.name, 'x');
    assert.throws(
      () => findClassifier(graph, { inputName: 'unused' }),
      scanError('model-not-a-classifier', /does not depend on input 'unused'/),
    );
    assert.throws(() => findClassifier(graph, { inputName: 'nope' }), scanError('model-not-a-classifier', /'nope'/));
  });

  test('a constant output is no classifier', () => {
    const graph = graphWith({
      inputs: [valueOf('x', ['N', 3, 8, 8])],
      outputs: [valueOf('w', [1, 10])],
      initializers: tensorsOf({ w: float32([1, 10], new Float32Array(10)) }),
    });
    assert.throws(() => findClassifier(graph), scanError('model-not-a-classifier', /depends on no input/));
  });

  test('constants whose values tf2onnx left out: the error says how to keep them', () => {
    const graph = (producer: string): Graph => ({
      ...graphWith({
        inputs: [valueOf('keras_tensor', ['N', 3, 32, 32]), valueOf('net/normalization/Sub/y:0', [1, 3, 1, 1])],
        outputs: [valueOf('y', ['N', 10])],
        nodes: [
          nodeOf('Sub', ['keras_tensor', 'net/normalization/Sub/y:0'], ['z']),
          nodeOf('GlobalAveragePool', ['z'], ['y']),
        ],
      }),
      producer,
    });
    assert.throws(
      () => findClassifier(graph('tf2onnx 1.17.0')),
      scanError('model-malformed', /net\/normalization\/Sub\/y:0/, /model\.export\('DIR'\)/, /--saved-model DIR/),
    );
    assert.throws(() => findClassifier(graph('pytorch 2.9')), scanError('model-ambiguous', /--logits-name/));
  });

  test('an input that only a branch reads counts', () => {
    const inside = graphWith({ outputs: [valueOf('b', [])], nodes: [nodeOf('Flatten', ['x'], ['b'])] });
    const graph = graphWith({
      inputs: [valueOf('x', ['N', 3, 8, 8])],
      outputs: [valueOf('y', ['N', 10])],
      nodes: [nodeOf('If', ['flag'], ['y'], { then_branch: { type: 'graph', value: inside } })],
    });
    assert.equal(findClassifier(graph).input.name, 'x');
  });
});
