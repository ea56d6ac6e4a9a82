import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, cp, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadImages } from '../../../adapters/images/load.js';
import { getBlob } from '../../../adapters/stores/objects/blobs.js';
import { createFileObjectStore } from '../../../adapters/stores/objects/file.js';
import { decodeImageSet } from '../../../adapters/wire/image-set.js';
import { encodeTask } from '../../../adapters/wire/task.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import { taskId } from '../../../core/pipeline/task.js';
import { cascade1 } from '../../../core/scan/profiles.js';
import { storeImages } from '../../../services/cli/submit/images.js';
import { FailedScan, prepareOrder, type Submission } from '../../../services/cli/submit/order.js';
import { modelBytes } from '../../adapters/formats/onnx/support/wire.js';
import { repoRoot } from '../../support/paths.js';
import { createCli, type Cli } from './run-cli.js';

const images = join(repoRoot, 'examples/images');
const example = join(repoRoot, 'examples/models/digits-clean.onnx');
const nowhere = ['--temporal-address', '127.0.0.1:9'];

test('wrong calls are refused before anything is contacted, with what to write instead', async (t) => {
  const cli = await createCli(t);
  const store = ['--object-store', pathToFileURL(cli.dir).href];
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [[], /--object-store is missing.*NEURONINSPECT_OBJECT_STORE/],
    [store, /--temporal-address is missing.*NEURONINSPECT_TEMPORAL_ADDRESS/],
    [[...store, '--temporal-address', 'temporal'], /--temporal-address must be HOST:PORT/],
    [['--object-store', 'http://bucket', ...nowhere], /http:\/\/bucket is no object store/],
    [[...store, ...nowhere, '--lane', 'gates'], /--lane must be one of gate, fleet.*did you mean gate/],
    [[...store, ...nowhere, '--timeout', 'soon'], /--timeout must be a time/],
    [[...store, ...nowhere], /--images is missing/],
    [[...store, ...nowhere, '--images', 'gone'], /gone/],
    [[...store, ...nowhere, '--no-wait', '--format', 'json'], /leave out --format/],
    [[...store, ...nowhere, '--no-wait', '-o', 'x.json'], /leave out --output/],
    [[...store, ...nowhere, '--images', images, '-o', 'no/folder/x.json'], /cannot write no\/folder\/x.json/],
  ];
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = await cli.run(['submit', example, ...args]);
    assert.match(stderr, says);
    assert.match(stderr, /^neuroninspect: [^\n]*\n$/);
    assert.deepEqual([code, stdout], [4, ''], args.join(' '));
  }
});

test('settings come from the environment and from the config file too', async (t) => {
  const cli = await createCli(t);
  await writeFile(join(cli.dir, 'neuroninspect.yaml'), `images: ${images}\nobject-store: ftp://x\nlane: fleet\n`);
  const { code, stderr } = await cli.run(['submit', example], { NEURONINSPECT_TEMPORAL_ADDRESS: '127.0.0.1:9' });
  assert.equal(code, 4);
  assert.match(stderr, /ftp:\/\/x is no object store/);
});

test('a pipeline that is not there is one clear error with exit code 2', async (t) => {
  const cli = await createCli(t);
  // Accepts and says nothing, as a proxy does in front of a server that is gone.
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const flags = ['--images', images, '--object-store', pathToFileURL(cli.dir).href, '--temporal-address', address];
  const { code, stdout, stderr } = await cli.run(['submit', example, ...flags]);
  assert.match(
    stderr,
    new RegExp(`^neuroninspect: Temporal at ${address}, namespace default: [^\\n]*check --temporal-`),
  );
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.deepEqual([code, stdout], [2, '']);
});

test('an order has the scan id and the identity that scan reports', async (t) => {
  const cli = await createCli(t);
  const { submission } = await newSubmission(t, cli);
  await mkdir(join(cli.dir, 'model'));
  await copyFile(example, join(cli.dir, 'model', 'a name\nin two lines.onnx'));
  await symlink(join(cli.dir, 'model'), join(cli.dir, 'linked'));
  for (const path of [example, join(cli.dir, 'model'), join(cli.dir, 'linked')]) {
    const scanned = await scannedWith(cli, path);
    const { order } = await prepareOrder(path, submission);
    const { scanId, model } = order;
    assert.equal(scanId, scanned.scanId);
    const { digest, format, files } = model;
    assert.deepEqual([digest, format, files[0]?.bytes], [scanned.model.digest, 'onnx', scanned.model.bytes]);
  }
});

test('an order takes what a model says of its preprocessing, as scan does', async (t) => {
  const cli = await createCli(t);
  const { submission } = await newSubmission(t, cli);
  const folder = join(cli.dir, 'resnet');
  await cp(join(repoRoot, 'test/fixtures/safetensors/resnet-basic'), folder, { recursive: true });
  await writeFile(
    join(folder, 'preprocessor_config.json'),
    '{"image_mean": [0.4, 0.5, 0.6], "image_std": [0.5, 0.5, 0.5]}',
  );
  const asked = { ...submission.settings, preprocessing: { channels: 'rgb' as const } };
  const { order, stated } = await prepareOrder(folder, { ...submission, settings: asked });
  assert.deepEqual(order.settings.preprocessing, {
    channels: 'rgb',
    scale: 1,
    mean: [0.4, 0.5, 0.6],
    std: [0.5, 0.5, 0.5],
  });
  assert.equal(stated?.file, 'preprocessor_config.json');
  const scanned = await scannedWith(cli, folder, '--channels', 'rgb');
  assert.equal(order.scanId, scanned.scanId);
  assert.ok(encodeTask(taskOf(order)).length > 0);
  const arrays = await prepareOrder(folder, { ...submission, imageKind: 'raw' });
  assert.deepEqual([arrays.stated, arrays.order.settings], [undefined, submission.settings]);
});

test('everything that a worker needs is in the object store, and the order is one that workers accept', async (t) => {
  const cli = await createCli(t);
  const { submission, store } = await newSubmission(t, cli);
  const folder = join(cli.dir, 'model');
  await mkdir(join(folder, 'data'), { recursive: true });
  const weights = Buffer.from(Float32Array.of(1, 2).buffer);
  await writeFile(join(folder, 'm.onnx'), modelBytes({ initializer: [external('data/w.bin')] }));
  await writeFile(join(folder, 'data/w.bin'), weights);

  for (const path of [example, folder]) {
    const { order } = await prepareOrder(path, submission);
    assert.ok(encodeTask(taskOf(order)).length > 0);
    for (const file of order.model.files) {
      const local = order.model.files.length === 1 ? example : join(folder, file.path);
      assert.deepEqual(Buffer.from(await getBlob(store, file, 1 << 24)), await readFile(local));
    }
    const set = decodeImageSet(await getBlob(store, order.images, 1 << 24), order.images.digest);
    assert.deepEqual([set.count, order.images.count], [50, 50]);
  }
  const { order } = await prepareOrder(folder, submission);
  assert.deepEqual(
    order.model.files.map(({ path }) => path),
    ['m.onnx', 'data/w.bin'],
  );
});

test('a model that cannot be read fails as it does in a scan, and nothing is stored', async (t) => {
  const cli = await createCli(t);
  const { submission, store } = await newSubmission(t, cli);
  const at = (name: string) => join(cli.dir, name);
  await copyFile(example, at('cut.onnx'));
  await truncate(at('cut.onnx'), 2000);
  await writeFile(at('text.onnx'), 'this is no model');
  await writeFile(at('lost.onnx'), modelBytes({ initializer: [external('lost.bin')] }));
  await mkdir(at('empty'));
  for (const name of ['cut.onnx', 'text.onnx', 'lost.onnx', 'gone.onnx', 'empty']) {
    const scanned = await scannedWith(cli, at(name));
    const failure: unknown = await prepareOrder(at(name), submission).catch((error: unknown) => error);
    assert.ok(failure instanceof FailedScan, String(failure));
    const { scanId, verdict, reason, model } = failure.result;
    assert.deepEqual([scanId, verdict, reason], [scanned.scanId, scanned.verdict, scanned.reason]);
    assert.equal(model.digest ?? null, scanned.model.digest);
  }
  const small = { ...submission, limits: { ...submission.limits, maxModelBytes: 1000 } };
  await assert.rejects(prepareOrder(example, small), (error) => {
    return error instanceof FailedScan && error.result.reason?.code === 'model-too-large';
  });
  const stored: string[] = [];
  for await (const { key } of store.list('blobs/')) stored.push(key);
  assert.deepEqual(stored, [`blobs/${submission.images.sha256.slice(0, 2)}/${submission.images.sha256}`]);
});

async function newSubmission(t: TestContext, cli: Cli) {
  const store = createFileObjectStore(join(cli.dir, 'objects'));
  const set = await loadImages(images, { count: cascade1.images });
  const submission: Submission = {
    store,
    images: await storeImages(store, set),
    imageKind: set.kind,
    // As the command line builds them without flags.
    settings: {
      profile: cascade1,
      preprocessing: { layout: undefined, resize: undefined },
      selection: { inputName: undefined },
    },
    limits: { maxModelBytes: 2 ** 31, maxRunBytes: 2 ** 30 },
    lane: 'gate',
  };
  t.diagnostic(`images ${set.digest}`);
  return { store, submission };
}

interface ScannedResult {
  readonly scanId: string;
  readonly verdict: string;
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly model: { readonly digest: string | null; readonly bytes: number | null };
}

async function scannedWith(cli: Cli, path: string, ...flags: string[]): Promise<ScannedResult> {
  const { stdout } = await cli.run(['scan', path, '--images', images, '--format', 'json', ...flags]);
  const [result] = (JSON.parse(stdout) as { results: ScannedResult[] }).results;
  return result!;
}

function external(location: string) {
  const externalData = [{ key: 'location', value: location }];
  return { name: 'w', dataType: 1, dims: [2], dataLocation: 1, externalData };
}

function taskOf(order: ScanOrder) {
  const work = { stage: 'inspect' } as const;
  const id = taskId(order.scanId, work);
  return { id, order, lane: order.lane, round: 0, createdAt: 1, notAfter: 2, work };
}
