import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { pack } from 'tar-stream';
import { memoryFiles } from '../../adapters/formats/files/memory.js';
import { formats, identifyModel, readModel } from '../../adapters/formats/index.js';
import type { Graph } from '../../core/onnx/graph.js';
import type { ModelFacts, ModelFiles, ModelFormat } from '../../core/ports/model-format.js';
import { ScanError } from '../../core/scan/errors.js';
import { scanError } from '../support/graphs.js';
import type { ModelSample } from '../support/model-samples.js';
import { newRandom, seedOf } from '../support/random.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const limits = { maxModelBytes: 2 ** 31 };

/** What every format promises, on its own samples and against those of all others. */
export function runModelFormatContract(format: ModelFormat, samples: readonly ModelSample[]): void {
  const own = samples.filter((sample) => sample.format === format.name);
  const others = samples.filter((sample) => sample.format !== format.name);

  describe(`format ${format.name}`, () => {
    test('has a sample', () => {
      assert.notEqual(own.length, 0, 'add one to test/support/model-samples.ts');
    });

    test('no file of another format is taken for its own', () => {
      for (const { title, main, contents } of others) {
        assert.equal(format.detect(memoryFiles(contents(), title), main), false, title);
      }
      for (const [title, bytes] of noModels) {
        assert.equal(format.detect(memoryFiles(new Map([['model', bytes]]), title), 'model'), false, title);
      }
    });

    for (const sample of own) {
      describe(sample.title, () => {
        runOn(format, sample);
      });
    }
  });
}

function runOn(format: ModelFormat, sample: ModelSample): void {
  const { main, title } = sample;
  const contents = sample.contents();

  test('is told by its content, whatever the file is called', () => {
    for (const name of [main, 'model', 'x.bin', 'x.onnx', 'x.h5', 'x.pb', 'x.json', 'x.zip']) {
      const renamed = new Map([...contents].map(([path, bytes]) => [path === main ? name : path, bytes]));
      const files = memoryFiles(renamed, title);
      const detected = formats.filter((each) => each.detect(files, name)).map((each) => each.name);
      assert.deepEqual(detected, [format.name], name);
    }
  });

  test('the digest covers exactly the files that are read', async () => {
    const { files, read } = watched(memoryFiles(contents, title));
    await format.read(files, main, limits);
    const parts = format.parts(memoryFiles(contents, title), main, limits);
    assert.equal(parts[0], main);
    assert.deepEqual([...parts].sort(), [...read].sort());
    // Asked on the files that were read, the answer is the same.
    assert.deepEqual(format.parts(files, main, limits), parts);
  });

  test('identity: of the file, its folder, a file of another name; as sha256sum prints it', async (t) => {
    const folder = written(t, contents);
    const path = join(folder, main);
    const { graph, ...read } = await readModel(path);
    const facts = factsIn(read);
    assert.equal(facts.format, format.name);
    assert.ok(graph.nodes.length > 0 && graph.outputs.length > 0);
    const { paths, ...identified } = await identifyModel(path);
    assert.deepEqual(factsIn(identified), facts);
    assert.deepEqual(
      paths,
      facts.files.map((name) => join(dirname(path), name)),
    );
    assert.equal(
      facts.bytes,
      facts.files.reduce((sum, name) => sum + contents.get(join(dirname(main), name))!.length, 0),
    );
    assert.equal(facts.digest, `sha256:${printedSum(facts.files, dirname(path))}`);
    assert.deepEqual(factsIn(await identifyModel(folder)), facts);
    if (facts.files.length > 1) return;
    const neutral = join(written(t, new Map([['model', contents.get(main)!]])), 'model');
    assert.deepEqual({ ...factsIn(await identifyModel(neutral)), files: [] }, { ...facts, files: [] });
  });

  test('packed, in a folder of its own, it is the same graph', async (t) => {
    const archive = pack();
    for (const [name, bytes] of contents) archive.entry({ name: `wrapped/${name}` }, Buffer.from(bytes));
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    const path = join(written(t, new Map([['model.tar', Buffer.concat(chunks)]])), 'model.tar');
    const packed = await readModel(path);
    const { graph } = await readModel(join(written(t, contents), main));
    assert.deepEqual([packed.format, packed.files], [format.name, ['model.tar']]);
    assert.deepEqual(gist(packed.graph), gist(graph));
    assert.deepEqual(factsIn(await identifyModel(path)), factsIn(packed));
  });

  test('all its files together stay below the limit', async (t) => {
    const path = join(written(t, contents), main);
    const { bytes } = await identifyModel(path);
    await readModel(path, { maxModelBytes: bytes });
    const below = { maxModelBytes: bytes - 1 };
    await assert.rejects(readModel(path, below), scanError('model-too-large', new RegExp(basename(main))));
    await assert.rejects(identifyModel(path, below), scanError('model-too-large'));
  });

  test('damaged in any way it is a model or a clear error', { timeout: 300_000 }, async () => {
    const random = newRandom(seedOf(title));
    for (const [name, bytes] of contents) {
      for (let i = 0; i < 60; i++) await readDamaged(new Map([...contents, [name, damaged(bytes, i, random)]]));
      if (name === main) continue;
      await readDamaged(new Map([...contents].filter(([other]) => other !== name)));
    }
  });

  async function readDamaged(damage: ReadonlyMap<string, Uint8Array>): Promise<void> {
    try {
      const files = memoryFiles(damage, title);
      format.detect(files, main);
      format.parts(files, main, limits);
    } catch (thrown) {
      mustBeModelError(thrown);
    }
    try {
      await format.read(memoryFiles(damage, title), main, limits);
    } catch (thrown) {
      mustBeModelError(thrown);
    }
  }
}

function mustBeModelError(thrown: unknown): void {
  assert.ok(thrown instanceof ScanError, `not a ScanError: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  assert.match(thrown.code, /^model-/, thrown.message);
}

/** Cut, with a bit flipped, with bytes replaced or repeated; mostly near the ends, where structure is. */
function damaged(bytes: Uint8Array, i: number, random: ReturnType<typeof newRandom>): Uint8Array {
  const near = random.below(Math.max(1, Math.min(bytes.length, 4096)));
  const at = i % 3 === 0 ? random.below(Math.max(1, bytes.length)) : i % 3 === 1 ? near : bytes.length - 1 - near;
  const copy = new Uint8Array(bytes);
  switch (i % 5) {
    case 0:
      return copy.subarray(0, at);
    case 1:
    case 2:
      copy[at]! ^= 1 << random.below(8);
      return copy;
    case 3:
      for (let j = at; j < Math.min(at + 16, copy.length); j++) copy[j] = random.below(256);
      return copy;
    default:
      return new Uint8Array(Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - 32))]));
  }
}

/** Remembers whose bytes were asked for. */
function watched(files: ModelFiles): { readonly files: ModelFiles; readonly read: ReadonlySet<string> } {
  const read = new Set<string>();
  return {
    read,
    files: {
      ...files,
      read: (name) => {
        read.add(name);
        return files.read(name);
      },
    },
  };
}

function written(t: TestContext, contents: ReadonlyMap<string, Uint8Array>): string {
  const folder = temporaryFolder('format');
  t.after(() => {
    folder.remove();
  });
  for (const [name, bytes] of contents) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), bytes);
  }
  return folder.path;
}

function printedSum(files: readonly string[], folder: string): string {
  const command =
    files.length === 1 ? `sha256sum ${files[0]}` : `sha256sum ${files.join(' ')} | LC_ALL=C sort | sha256sum`;
  return execFileSync('sh', ['-c', command], { cwd: folder }).toString().slice(0, 64);
}

function gist({ inputs, outputs, nodes, initializers }: Graph) {
  return {
    inputs,
    outputs,
    nodes,
    initializers: [...initializers].map(([name, { dims, data }]) => [name, dims, [...data]]),
  };
}

function factsIn({ format, digest, bytes, files }: ModelFacts): ModelFacts {
  return { format, digest, bytes, files };
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const noModels: readonly (readonly [title: string, bytes: Uint8Array])[] = [
  ['an empty file', new Uint8Array()],
  ['zeros', new Uint8Array(2000)],
  ['a text', text('# A model\n\nThis is the readme of a model.\n')],
  ['JSON', text('{"name": "a package", "version": "1.0.0"}')],
  ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
  ['a bitmap', text('BM6\0\0\0\0\0\0\0')],
  ['a pickle', Uint8Array.of(0x80, 2, 0x8a, 0x0a)],
  ['TensorFlow Lite', text('\x1c\0\0\0TFL3')],
  ['an ORT file', text('\x1c\0\0\0ORTM')],
  ['an array', text('\x93NUMPY\x01\0')],
  // Field 1 holds text and field 100 a layer.
  ['a Caffe model', Uint8Array.of(0x0a, 7, 0x41, 0x6c, 0x65, 0x78, 0x4e, 0x65, 0x74, 0xa2, 6, 1, 0)],
  // Version, description, an isUpdatable flag, a neural network in field 500.
  ['a Core ML model', Uint8Array.of(0x08, 4, 0x12, 2, 0x0a, 0, 0x50, 0, 0xa2, 0x1f, 1, 0)],
  [
    'random bytes',
    Uint8Array.from(
      { length: 4000 },
      (
        (random) => () =>
          random.below(256)
      )(newRandom(5)),
    ),
  ],
];
