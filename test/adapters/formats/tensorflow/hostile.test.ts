import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { frozenGraph, savedModel } from '../../../../adapters/formats/tensorflow/index.js';
import type { Graph } from '../../../../core/onnx/graph.js';
import type { ModelFormat } from '../../../../core/ports/model-format.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { tensorflow as codec } from '../../../../proto/gen/tensorflow.js';
import type { tensorflow } from '../../../../proto/gen/tensorflow-types.js';
import { scanError } from '../../../support/graphs.js';
import { repoRoot } from '../../../support/paths.js';
import { newRandom } from '../../../support/random.js';

const fixtures = join(repoRoot, 'test/fixtures/tensorflow/models');
const limits = { maxModelBytes: 2 ** 31 };

type Files = Map<string, Uint8Array>;
type NodeDef = tensorflow.NodeDef.$Properties;

function filesOf(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), new Uint8Array(readFileSync(path))];
    }),
  );
}

async function read(format: ModelFormat, contents: Files, main: string): Promise<Graph> {
  return format.read(memoryFiles(contents, 'hostile'), main, limits);
}

function graphOf(nodes: readonly NodeDef[], functions: readonly tensorflow.FunctionDef.$Properties[] = []): Files {
  const bytes = codec.GraphDef.encode({ node: [...nodes], library: { function: [...functions] } }).finish();
  return new Map([['graph.pb', bytes]]);
}

const frozen = (nodes: readonly NodeDef[], functions: readonly tensorflow.FunctionDef.$Properties[] = []) =>
  read(frozenGraph, graphOf(nodes, functions), 'graph.pb');

const image: NodeDef = {
  name: 'x',
  op: 'Placeholder',
  attr: [
    { key: 'dtype', value: { type: 1 } },
    { key: 'shape', value: { shape: { dim: [{ size: -1 }, { size: 8 }, { size: 8 }, { size: 3 }] } } },
  ],
};

const calls = (name: string, of: string, input: string): NodeDef => ({
  name,
  op: 'PartitionedCall',
  input: [input],
  attr: [{ key: 'f', value: { func: { name: of } } }],
});

describe('a hostile SavedModel is refused with a code, and with nothing else', () => {
  const whole = filesOf(join(fixtures, 'keras3-export'));
  const index = 'variables/variables.index';
  const data = 'variables/variables.data-00000-of-00001';

  test('an index that is cut off, or of which a byte is another', async () => {
    const bytes = whole.get(index)!;
    for (const length of [0, 10, 47, 48, bytes.length - 1]) {
      const contents = new Map(whole).set(index, bytes.slice(0, length));
      await assert.rejects(
        read(savedModel, contents, 'saved_model.pb'),
        scanError('model-malformed', /variables\.index/),
      );
    }
    // The block of filters, which is empty and never read, has 13 bytes in front of the blocks' index.
    let accepted = 0;
    for (let at = 0; at < bytes.length - 48; at += 7) {
      const changed = bytes.slice();
      changed[at]! ^= 0x41;
      try {
        await read(savedModel, new Map(whole).set(index, changed), 'saved_model.pb');
        accepted++;
      } catch (thrown) {
        assert.ok(thrown instanceof ScanError, String(at));
      }
    }
    assert.ok(accepted <= 2, `${accepted} damaged files were read`);
  });

  test('values that are cut off', async () => {
    const contents = new Map(whole).set(data, whole.get(data)!.slice(0, 100));
    await assert.rejects(
      read(savedModel, contents, 'saved_model.pb'),
      scanError('model-malformed', /data file of 100/),
    );
  });

  test('no values at all', async () => {
    const graphAlone = new Map([['saved_model.pb', whole.get('saved_model.pb')!]]);
    await assert.rejects(
      read(savedModel, graphAlone, 'saved_model.pb'),
      scanError('model-malformed', /variable '.*kernel/, /folder 'variables'/),
    );
    const contents = new Map(whole);
    contents.delete(data);
    await assert.rejects(read(savedModel, contents, 'saved_model.pb'), scanError('model-external-data', /data-00000/));
  });

  test('random damage anywhere in the graph', async () => {
    const bytes = whole.get('saved_model.pb')!;
    const random = newRandom(20);
    for (let round = 0; round < 60; round++) {
      const changed = bytes.slice();
      for (let i = 0; i < 5; i++) changed[random.below(changed.length)] = random.below(256);
      try {
        await read(savedModel, new Map(whole).set('saved_model.pb', changed), 'saved_model.pb');
      } catch (thrown) {
        assert.ok(thrown instanceof ScanError, String((thrown as Error).stack));
      }
    }
  });
});

describe('a hostile graph is refused with a code, and with nothing else', () => {
  test('a node that depends on itself', async () => {
    const nodes = [image, { name: 'a', op: 'Add', input: ['x', 'b'] }, { name: 'b', op: 'Relu', input: ['a'] }];
    await assert.rejects(
      frozen([...nodes, { name: 'y', op: 'Identity', input: ['b'] }]),
      scanError('model-malformed', /depends on itself/),
    );
  });

  test('a function that calls itself', async () => {
    const f = {
      signature: { name: 'f', inputArg: [{ name: 'a' }], outputArg: [{ name: 'r' }] },
      nodeDef: [calls('again', 'f', 'a')],
      ret: [{ key: 'r', value: 'again:output:0' }],
    };
    await assert.rejects(frozen([image, calls('y', 'f', 'x')], [f]), scanError('model-too-large', /maxCallDepth/));
  });

  test('functions that double at every step', async () => {
    const functions = Array.from({ length: 40 }, (_, i) => ({
      signature: { name: `f${i}`, inputArg: [{ name: 'a' }], outputArg: [{ name: 'r' }] },
      nodeDef:
        i === 0
          ? [{ name: 'once', op: 'Relu', input: ['a'] }]
          : [calls('once', `f${i - 1}`, 'a'), calls('twice', `f${i - 1}`, 'once:output:0')],
      ret: [{ key: 'r', value: i === 0 ? 'once:activations:0' : 'twice:output:0' }],
    }));
    await assert.rejects(frozen([image, calls('y', 'f39', 'x')], functions), scanError('model-too-large', /maxNodes/));
  });

  test('a constant that claims to be huge', async () => {
    const tensor = { dtype: 1, tensorShape: { dim: [{ size: 2 ** 40 }, { size: 2 ** 20 }] }, floatVal: [1] };
    const huge = { name: 'c', op: 'Const', attr: [{ key: 'value', value: { tensor } }] };
    const nodes = [image, huge, { name: 'y', op: 'Add', input: ['x', 'c'] }];
    await assert.rejects(frozen(nodes), scanError('model-too-large', /maxElements/));
    const repeated = Array.from({ length: 8 }, (_, i) => ({
      name: `c${i}`,
      op: 'Const',
      attr: [{ key: 'value', value: { tensor: { ...tensor, tensorShape: { dim: [{ size: 2 ** 24 }] } } } }],
    }));
    const sums = repeated.map(({ name }, i) => ({ name: `s${i}`, op: 'Add', input: [i ? `s${i - 1}` : 'x', name] }));
    await assert.rejects(frozen([image, ...repeated, ...sums]), scanError('model-too-large', /repeats a value/));
  });

  test('a long chain takes no stack', async () => {
    const chain = Array.from({ length: 50_000 }, (_, i) => ({
      name: `n${i}`,
      op: 'Relu',
      input: [i ? `n${i - 1}` : 'x'],
      attr: [{ key: 'T', value: { type: 1 } }],
    }));
    const graph = await frozen([image, ...chain]);
    assert.equal(graph.nodes.length, 50_000);
  });

  test('names that are properties of every object', async () => {
    for (const op of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      await assert.rejects(
        frozen([image, { name: '__proto__', op, input: ['x'] }]),
        scanError('model-unsupported-op', new RegExp(`\\(${op}\\)`)),
      );
    }
  });

  test('what runs code, reads files or is not known is refused by name, and says what to do', async () => {
    for (const [op, why] of [
      ['PyFunc', /runs Python code/],
      ['EagerPyFunc', /runs Python code/],
      ['ReadFile', /reads or writes files/],
      ['DecodeJpeg', /decodes/],
      ['MyCustomOp', /is not supported/],
      ['While', /loop/],
    ] as const) {
      await assert.rejects(
        frozen([image, { name: 'bad', op, input: ['x'] }]),
        scanError('model-unsupported-op', /'bad'/, new RegExp(op), why, /tf2onnx/),
      );
    }
    // Exported to ONNX it would be just as random.
    await assert.rejects(
      frozen([image, { name: 'bad', op: 'RandomUniform', input: ['x'] }]),
      scanError('model-unsupported-op', /'bad'/, /is random/, /training=False/),
    );
  });

  test('missing inputs, unknown references, doubled names, wrong attributes', async () => {
    const bad: readonly NodeDef[][] = [
      [image, { name: 'y', op: 'Conv2D', input: ['x'] }],
      [image, { name: 'y', op: 'Add', input: ['x', 'nowhere'] }],
      [image, { name: 'y', op: 'Relu', input: ['x'] }, { name: 'y', op: 'Relu', input: ['x'] }],
      [image, { name: 'z', op: 'Relu', input: ['x'] }, { name: 'y', op: 'Relu', input: ['z:7'] }],
      [image, { name: 'y', op: 'Softmax', input: [] }, { name: 'z', op: 'Add', input: ['x', 'y'] }],
      [image, { name: 'y', op: 'Unpack', input: ['x'], attr: [{ key: 'num', value: { i: 2 ** 40 } }] }],
      [image, { name: 'y', op: 'MaxPool', input: ['x'], attr: [{ key: 'ksize', value: { f: 1 } }] }],
    ];
    for (const nodes of bad) await assert.rejects(frozen(nodes), scanError('model-malformed'), nodes.at(-1)!.op!);
  });

  test('random damage of a frozen graph', async () => {
    const bytes = new Uint8Array(readFileSync(join(fixtures, 'frozen.pb')));
    const random = newRandom(21);
    for (let round = 0; round < 200; round++) {
      const changed = bytes.slice();
      for (let i = 0; i < 4; i++) changed[random.below(changed.length)] = random.below(256);
      try {
        await read(frozenGraph, new Map([['graph.pb', changed]]), 'graph.pb');
      } catch (thrown) {
        assert.ok(thrown instanceof ScanError, String((thrown as Error).stack));
      }
    }
  });
});
