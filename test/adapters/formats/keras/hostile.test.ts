import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { kerasFormat, kerasGraph, namedWeights } from '../../../../adapters/formats/keras/index.js';
import { openZip } from '../../../../adapters/images/zip.js';
import type { Graph, Tensor } from '../../../../core/onnx/graph.js';
import { float32 } from '../../../../core/onnx/tensor.js';
import { ScanError, type ScanErrorCode } from '../../../../core/scan/errors.js';
import { repoRoot } from '../../../support/paths.js';
import { zipOf } from '../../../support/zip.js';

/** Files that lie, ask for code to be run, or are broken: every one ends in a ScanError that says what is wrong. */

const image = {
  class_name: 'InputLayer',
  config: { name: 'image', batch_shape: [null, 4, 4, 3] },
  name: 'image',
  inbound_nodes: [],
};
const tensor = (layer: string, call = 0): unknown => ({
  class_name: '__keras_tensor__',
  config: { keras_history: [layer, call, 0] },
});
const layer = (className: string, name: string, from: unknown, config: object = {}, more: object = {}): object => ({
  class_name: className,
  name,
  config: { name, trainable: true, dtype: 'float32', ...config },
  inbound_nodes: [{ args: [from], kwargs: {} }],
  ...more,
});
const functional = (layers: readonly unknown[], output: string): object => ({
  class_name: 'Functional',
  config: { name: 'model', layers, input_layers: [['image', 0, 0]], output_layers: [[output, 0, 0]] },
});
const weights = (entries: Readonly<Record<string, Tensor>>) =>
  namedWeights(new Map(Object.entries(entries).map(([name, value]) => [name, () => value])));
const build = (config: unknown, entries: Readonly<Record<string, Tensor>> = {}): Graph =>
  kerasGraph(config, weights(entries), { title: 'model.keras' });
const one = (className: string, config: object = {}, more: object = {}): object =>
  functional([image, layer(className, 'bad', tensor('image'), config, more)], 'bad');

function refused(code: ScanErrorCode, words: RegExp): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof ScanError, `not a ScanError: ${String(thrown)}`);
    assert.equal(thrown.code, code);
    assert.match(thrown.message, words);
    assert.match(thrown.message, /^model\.(keras|h5): /);
    return true;
  };
}

const unsupported: readonly (readonly [string, unknown, RegExp])[] = [
  [
    'a Lambda layer',
    one('Lambda', { function: { class_name: '__lambda__' } }),
    /'bad' \(Lambda\) holds Python code.*onnx/,
  ],
  [
    'a custom class',
    one('Swirl', {}, { module: 'attack', registered_name: 'attack>Swirl' }),
    /'bad' is of the custom class attack\.Swirl/,
  ],
  [
    'a class that only sounds like Keras',
    one('Dense', {}, { module: 'keras_attack.layers' }),
    /custom class keras_attack/,
  ],
  ['an unknown class', one('Swirl'), /'bad' \(Swirl\) is of a class that is not supported/],
  ['a name of JavaScript', one('constructor'), /'bad' \(constructor\) is of a class that is not supported/],
  [
    'a custom activation',
    one('Activation', {
      activation: { module: 'builtins', class_name: 'function', config: 'f', registered_name: 'a>f' },
    }),
    /never run/,
  ],
  ['an activation named __proto__', one('Activation', { activation: '__proto__' }), /__proto__/],
  ['a saved program', one('TFSMLayer'), /saved program/],
  ['a recurrent layer', one('LSTM'), /recurrent/],
  [
    'a quantised layer',
    one('Dense', { dtype: { class_name: 'QuantizedDTypePolicy', config: { name: 'int8_from_float32' } } }),
    /quantised/,
  ],
  ['a function of TensorFlow', one('TFOpLambda', { function: 'io.read_file' }), /io\.read_file/],
  ['a subclassed model', { class_name: 'MyModel', module: 'my', config: {} }, /custom class my\.MyModel/],
];
for (const [what, config, words] of unsupported) {
  test(`${what} is refused by name`, () => {
    assert.throws(() => build(config), refused('model-unsupported-op', words));
  });
}

const broken: readonly (readonly [string, unknown, RegExp])[] = [
  ['no object', [], /is no JSON object/],
  ['no layers', { class_name: 'Sequential', config: {} }, /lacks 'layers'/],
  ['an empty model', { class_name: 'Sequential', config: { layers: [] } }, /has no layers/],
  ['two layers of one name', functional([image, image], 'image'), /two layers of model are called 'image'/],
  [
    'layers in a circle',
    functional([image, layer('ReLU', 'a', tensor('b')), layer('ReLU', 'b', tensor('a'))], 'b'),
    /in a circle/,
  ],
  ['a layer that feeds on itself', functional([image, layer('ReLU', 'a', tensor('a'))], 'a'), /in a circle/],
  ['a layer that is not there', functional([image, layer('ReLU', 'a', tensor('ghost'))], 'a'), /'ghost'/],
  ['an output that is not there', functional([image], 'ghost'), /none of its layers/],
  [
    'a negative size',
    functional([{ ...image, config: { ...image.config, batch_shape: [null, -4, 4, 3] } }], 'image'),
    /has the shape/,
  ],
  ['a window of nothing', one('MaxPooling2D', { pool_size: [0, 2] }), /small positive number/],
  ['a window larger than the image', one('MaxPooling2D', { pool_size: [9, 9] }), /slides a window of 9 over 4/],
  ['a reshape that does not fit', one('Reshape', { target_shape: [5, 5] }), /reshapes/],
  ['text where a number is due', one('Dense', { units: 'many' }), /no whole number/],
  ['a missing weight', one('Dense', { units: 2 }), /weight 'kernel' of layer 'bad' \(Dense\) is not in the file/],
];
for (const [what, config, words] of broken) {
  test(`a config with ${what} is malformed`, () => {
    assert.throws(() => build(config), refused('model-malformed', words));
  });
}

test('a weight of the wrong shape is malformed', () => {
  const kernel = float32([4, 2], new Float32Array(8));
  const entries = { 'bad/kernel': kernel, 'bad/bias': float32([2], [0, 0]) };
  assert.throws(
    () => build(one('Dense', { units: 2 }), entries),
    refused('model-malformed', /kernel of shape \[4, 2\]/),
  );
});

test('a declared size that no weight has allocates nothing', () => {
  const entries = { 'bad/kernel': float32([3, 2], new Float32Array(6)), 'bad/bias': float32([2], [0, 0]) };
  assert.throws(
    () => build(one('Dense', { units: 2 ** 30 }), entries),
    refused('model-malformed', /ask for \[3, 1073741824\]/),
  );
});

test('models that use models that use models are bounded', () => {
  let inner: object = functional([image, layer('ReLU', 'a', tensor('image'))], 'a');
  for (let depth = 0; depth < 14; depth++) {
    const calls = [tensor('image'), ...Array.from({ length: 7 }, (_, i) => tensor('m', i))];
    const use = { ...inner, name: 'm', inbound_nodes: calls.map((from) => ({ args: [from], kwargs: {} })) };
    inner = {
      class_name: 'Functional',
      config: { name: 'model', layers: [image, use], input_layers: [['image', 0, 0]], output_layers: [['m', 7, 0]] },
    };
  }
  assert.throws(() => build(inner), refused('model-too-large', /more than 20000 times/));
});

test('models too deep in models are refused', () => {
  let inner: object = functional([image], 'image');
  for (let depth = 0; depth < 100; depth++)
    inner = { class_name: 'Sequential', config: { name: 'deep', layers: [inner] } };
  assert.throws(() => build(inner), refused('model-too-large', /deep/));
});

/** Real files of Keras, then damaged. */
const archive = new Map(
  openZip(readFileSync(join(repoRoot, 'test', 'fixtures', 'keras', 'keras3.zip'))).map((entry) => [entry.name, entry]),
);
const h5 = archive.get('model_nested.h5')!.read();
const keras = archive.get('model_nested.keras')!.read();
const read = async (bytes: Uint8Array, name: string, maxModelBytes = 2 ** 24): Promise<Graph> =>
  kerasFormat.read(memoryFiles(new Map([[name, bytes]]), name), name, { maxModelBytes });

test('weights alone are refused with what to do', async () => {
  const weightsOnly = openZip(keras)
    .find(({ name }) => name === 'model.weights.h5')!
    .read();
  await assert.rejects(
    read(weightsOnly, 'model.h5'),
    refused('model-unsupported-format', /weights of a Keras model but not the model.*save/),
  );
});

test('an archive without weights is told as such, not as an archive of something else', async () => {
  const entries = openZip(keras).map((entry) => ({ name: entry.name, content: Buffer.from(entry.read()) }));
  const without = (...names: string[]): Uint8Array => zipOf(...entries.filter(({ name }) => !names.includes(name)));
  for (const bytes of [without('model.weights.h5'), without('model.weights.h5', 'metadata.json')]) {
    assert.ok(kerasFormat.detect(memoryFiles(new Map([['model.keras', bytes]]), 'model.keras'), 'model.keras'));
    await assert.rejects(
      read(bytes, 'model.keras'),
      refused(
        'model-malformed',
        /model\.keras: a Keras archive without model\.weights\.h5.*model\.save\('model\.keras'\)/,
      ),
    );
  }
  await assert.rejects(
    read(without('config.json'), 'model.keras'),
    refused('model-malformed', /no config\.json in the archive/),
  );
});

test('weights beyond the limit are refused', async () => {
  await assert.rejects(read(h5, 'model.h5', 1000), refused('model-too-large', /larger than allowed/));
  await assert.rejects(read(keras, 'model.keras', 1000), refused('model-too-large', /allowed/));
});

test('a cut file is refused at whatever byte it ends, and the next one is read as ever', async () => {
  for (const [bytes, name] of [
    [h5, 'model.h5'],
    [keras, 'model.keras'],
  ] as const) {
    for (const share of [0.001, 0.01, 0.1, 0.5, 0.9]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      await assert.rejects(
        read(cut, name),
        (thrown) => thrown instanceof ScanError && thrown.code.startsWith('model-'),
      );
    }
  }
  assert.ok((await read(h5, 'model.h5')).nodes.length > 0);
});

test('changed bytes end in a graph or a ScanError, whatever the HDF5 library makes of them', async () => {
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % below;
  };
  for (let round = 0; round < 150; round++) {
    const bytes = Uint8Array.from(h5);
    // Past the signature; the structures of HDF5 lie densest at the beginning.
    for (let i = 0; i < 4; i++) bytes[8 + random(round % 2 ? bytes.length - 8 : 4096)] = random(256);
    try {
      await read(bytes, 'model.h5');
    } catch (thrown) {
      assert.ok(thrown instanceof ScanError, `round ${round}: ${String(thrown)}`);
    }
  }
  assert.ok((await read(h5, 'model.h5')).nodes.length > 0);
});
