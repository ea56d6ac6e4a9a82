import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { tfjsGraph, tfjsLayers } from '../../../../adapters/formats/tfjs/index.js';
import type { Graph } from '../../../../core/onnx/graph.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { scanError } from '../../../support/graphs.js';
import { repoRoot } from '../../../support/paths.js';
import { newRandom } from '../../../support/random.js';

const limits = { maxModelBytes: 2 ** 31 };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A model.json as far as tests change it. */
interface Model {
  weightsManifest: [{ paths: unknown[]; weights: [Record<string, unknown>, ...unknown[]] }];
  modelTopology: {
    node: { name: string; op: string; input?: string[] }[];
    model_config: { config: { layers: { name: string; inbound_nodes: unknown }[] } };
  };
}

for (const [name, format] of [
  ['tfjs-graph-uint8', tfjsGraph],
  ['tfjs-layers', tfjsLayers],
] as const) {
  const folder = join(repoRoot, 'test/fixtures/tensorflow/models', name);
  const whole = new Map(readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))]));
  const text = new TextDecoder().decode(whole.get('model.json'));
  const shard = 'group1-shard1of1.bin';

  const readText = async (json: string, files: Readonly<Record<string, Uint8Array>> = {}): Promise<Graph> =>
    format.read(
      memoryFiles(new Map([...whole, ['model.json', encode(json)], ...Object.entries(files)]), 'hostile'),
      'model.json',
      limits,
    );
  const changed = (change: (json: Model) => void): string => {
    const json = JSON.parse(text) as Model;
    change(json);
    return JSON.stringify(json);
  };
  const weights = (json: Model): Model['weightsManifest'][0]['weights'] => json.weightsManifest[0].weights;

  describe(`a hostile ${name} is refused with a code, and with nothing else`, () => {
    test('what is changed below is read when it is not', async () => {
      assert.equal((await readText(text)).outputs.length, 1);
    });

    test('shards outside of the folder, although a file of that name is there', async () => {
      for (const path of [
        `../${shard}`,
        `sub/../${shard}`,
        `/${shard}`,
        `//host/${shard}`,
        `https://example.org/${shard}`,
        'file:///etc/passwd',
        `C:\\${shard}`,
        `..\\${shard}`,
        `sub\\${shard}`,
        `./${shard}`,
        `${shard}\0`,
        `${shard}?x`,
        '',
        '..',
        '.',
      ]) {
        const json = changed((model) => (model.weightsManifest[0].paths = [path]));
        const refused = scanError('model-external-data', /path '.*' is no file in the model's folder/s);
        await assert.rejects(readText(json, { [path]: whole.get(shard)! }), refused, path);
        const files = memoryFiles(new Map([['model.json', encode(json)]]), 'hostile');
        assert.throws(() => format.parts(files, 'model.json', limits), refused, path);
      }
    });

    test('shards that are not there, or no names', async () => {
      const missing = changed((model) => (model.weightsManifest[0].paths = ['other.bin']));
      await assert.rejects(readText(missing), scanError('model-external-data', /other\.bin/));
      for (const path of [7, null, {}, [shard]]) {
        const json = changed((model) => (model.weightsManifest[0].paths = [path]));
        await assert.rejects(readText(json), scanError('model-external-data'), JSON.stringify(path));
      }
    });

    test('shards of a wrong size', async () => {
      const bytes = whole.get(shard)!;
      for (const other of [
        bytes.subarray(0, 0),
        bytes.subarray(0, -1),
        bytes.subarray(1),
        new Uint8Array([...bytes, 0]),
      ]) {
        await assert.rejects(readText(text, { [shard]: other }), scanError('model-malformed', /files have/));
      }
      const twice = changed((model) => (model.weightsManifest[0].paths = [shard, shard]));
      await assert.rejects(readText(twice), scanError('model-malformed', /files have/));
    });

    test('shapes that are huge or none', async () => {
      for (const shape of [[2 ** 40, 2 ** 20], [2 ** 31], [2 ** 53 - 1], Array.from({ length: 4000 }, () => 2)]) {
        const json = changed((model) => (weights(model)[0].shape = shape));
        await assert.rejects(readText(json), scanError('model-too-large', /weight '/), String(shape.slice(0, 4)));
      }
      for (const dim of [-1, 1.5, 1e300, '3', null, {}]) {
        const json = changed((model) => (weights(model)[0].shape = [dim]));
        await assert.rejects(readText(json), scanError('model-malformed', /no fixed shape/), JSON.stringify(dim));
      }
    });

    test('types and quantisations that are not known', async () => {
      for (const dtype of ['float64', 'complex64', '__proto__', 'constructor', '', 7, null]) {
        const json = changed((model) => (weights(model)[0].dtype = dtype));
        await assert.rejects(readText(json), scanError('model-unsupported-op', /weight '.*' holds/), String(dtype));
      }
      for (const dtype of ['int4', 'float32', '__proto__', 'toString', null]) {
        const json = changed((model) => (weights(model)[0].quantization = { dtype, scale: 1, min: 0 }));
        await assert.rejects(readText(json), scanError('model-unsupported-op', /is quantised as/), String(dtype));
      }
      const bare = changed((model) => (weights(model)[0].quantization = { dtype: 'uint8', scale: '1' }));
      await assert.rejects(readText(bare), scanError('model-malformed', /lacks its (scale|min)/));
    });

    test('a weight twice, without a name, or not there', async () => {
      const twice = changed((model) => weights(model).push(weights(model)[0]));
      await assert.rejects(readText(twice), scanError('model-malformed'));
      const nameless = changed((model) => delete weights(model)[0].name);
      await assert.rejects(readText(nameless), scanError('model-malformed', /no name/));
      const none = changed((model) => Reflect.deleteProperty(model, 'weightsManifest'));
      await assert.rejects(readText(none), scanError('model-malformed'));
    });

    test('keys and names that are properties of every object change none', async () => {
      const own = Object.getOwnPropertyNames(Object.prototype).sort();
      for (const key of ['__proto__', 'constructor', 'prototype', 'toString']) {
        // As text: in a literal `__proto__` would set the prototype.
        const json = text
          .replace('{', `{${JSON.stringify(key)}: {"format": "x", "polluted": true},`)
          .replaceAll(/"(attr|config)": \{/g, `"$1": {${JSON.stringify(key)}: {"polluted": true},`);
        assert.notEqual(json, text);
        try {
          await readText(json);
        } catch (thrown) {
          assert.ok(thrown instanceof ScanError, String((thrown as Error).stack));
        }
        const renamed = changed((model) => (weights(model)[0].name = key));
        await assert.rejects(readText(renamed), scanError('model-malformed'), key);
      }
      assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), own);
      assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    });

    test('JSON that is cut off, no object, or deep', async () => {
      for (let length = 0; length < text.length - 1; length += 97) {
        await assert.rejects(readText(text.slice(0, length)), scanError('model-malformed', /model\.json/));
      }
      for (const json of ['[]', 'null', '7', '{}', '{"modelTopology": []}', '{"modelTopology": {"node": {}}}']) {
        await assert.rejects(readText(json), scanError('model-malformed', /modelTopology/), json);
      }
      const nested = '['.repeat(200_000) + ']'.repeat(200_000);
      for (const json of [nested, text.replace('"modelTopology": {', `"modelTopology": {"deep": ${nested},`)]) {
        try {
          await readText(json);
        } catch (thrown) {
          assert.ok(thrown instanceof ScanError, String((thrown as Error).stack).slice(0, 400));
        }
      }
    });

    test('any value replaced by any other', async () => {
      const random = newRandom(22);
      const others: readonly unknown[] = [null, true, -1, 0, 1e308, '', '__proto__', [], [[]], {}, { a: 1 }, [null]];
      const places = (value: unknown): [Record<string, unknown>, string][] =>
        typeof value !== 'object' || value === null
          ? []
          : Object.entries(value).flatMap(([key, inner]) => [
              [value as Record<string, unknown>, key],
              ...places(inner),
            ]);
      for (let round = 0; round < 400; round++) {
        const json = changed((model) => {
          const all = places(model);
          const [holder, key] = all[random.below(all.length)]!;
          holder[key] = others[random.below(others.length)];
        });
        try {
          await readText(json);
        } catch (thrown) {
          assert.ok(thrown instanceof ScanError, `${String((thrown as Error).stack)}\nround ${round}`);
          assert.match(thrown.code, /^model-/);
        }
      }
    });

    test('a topology that depends on itself', async () => {
      const json = changed((model) => {
        const { modelTopology } = model;
        if (format === tfjsGraph) {
          const nodes = modelTopology.node;
          const fed = nodes.find(({ input, op }) => input?.length && op !== 'Identity')!;
          const last = nodes.find(({ op }) => op === 'Identity') ?? nodes.at(-1)!;
          fed.input![0] = last.name;
        } else {
          const { layers } = modelTopology.model_config.config;
          layers[1]!.inbound_nodes = [[[layers.at(-1)!.name, 0, 0, {}]]];
        }
      });
      await assert.rejects(readText(json), scanError('model-malformed', /itself|circle|cycle/i));
    });
  });
}
