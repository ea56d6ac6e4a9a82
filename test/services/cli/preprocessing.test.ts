import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import sharp from 'sharp';
import { readNpz } from '../../../adapters/images/npz.js';
import { zipOf } from '../../support/zip.js';
import { repoRoot } from '../../support/paths.js';
import { createCli, type Cli } from './run-cli.js';

/** A ViT for 32 x 32 colour images and 5 classes, as Transformers saves it, with random weights. */
const vit = join(repoRoot, 'test/fixtures/safetensors/vit');
const ours = '{"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4], "size": {"height": 32, "width": 32}}';
const flags = ['--scale', '1', '--mean', '0.4,0.5,0.6', '--std', '0.2,0.3,0.4'];
const said = { file: 'preprocessor_config.json', scale: 1, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] };

interface Result {
  readonly scanId: string;
  readonly verdict: string;
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly cached: boolean;
  readonly model: { readonly digest: string; readonly preprocessing: object | null };
  readonly profile: { readonly hash: string };
  readonly classes: unknown;
}

test("a model's own preprocessing is used, stated, and part of the scan id; options replace it", async (t) => {
  const { cli, folder, scan } = await setUp(t);
  const own = await scan();
  assert.deepEqual(own.model.preprocessing, { ...said, channels: null, size: [32, 32] });
  const explicit = await scan(...flags);
  assert.equal(explicit.model.preprocessing, null);
  assert.equal(own.scanId, explicit.scanId, 'the same numbers are the same scan');
  assert.equal(own.profile.hash, explicit.profile.hash);
  assert.ok(explicit.cached, 'and its result is there already');
  assert.deepEqual(own.classes, explicit.classes);

  const other = await scan('--mean', '0');
  assert.equal(other.model.preprocessing, null);
  await rm(join(folder, 'preprocessor_config.json'));
  const without = await scan('--mean', '0');
  assert.equal(other.scanId, without.scanId, 'with one of the options none of the three is taken from the file');
  const plain = await scan();
  assert.equal(plain.model.preprocessing, null);
  assert.notEqual(plain.scanId, own.scanId);
  assert.equal(plain.model.digest, own.model.digest);
  assert.notDeepEqual(plain.classes, own.classes);

  await writeFile(join(folder, 'preprocessor_config.json'), ours);
  const { stdout } = await cli.run(['scan', folder, '--images', 'images', '--image-count', '12']);
  assert.match(
    stdout,
    /Pixels +scale 1; mean 0\.4, 0\.5, 0\.6; std 0\.2, 0\.3, 0\.4; as preprocessor_config\.json says/,
  );
});

test('in an archive, and through explain, the same preprocessing is taken', async (t) => {
  const { cli, folder, scan } = await setUp(t);
  const names = ['model.safetensors', 'config.json', 'preprocessor_config.json'];
  const entries = await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
  await writeFile(join(cli.dir, 'model.zip'), zipOf(...entries));
  const folderResult = await scan();
  const archive = await scan('model.zip');
  assert.deepEqual(archive.model.preprocessing, folderResult.model.preprocessing);
  assert.deepEqual(archive.profile.hash, folderResult.profile.hash);

  const explain = async (file: string, ...more: string[]) => {
    const args = ['explain', folder, '--images', 'images', '--image-count', '2', '--classes', '1', '--output', file];
    const { code, stdout, stderr } = await cli.run([...args, ...more]);
    assert.equal(code, 0, stderr);
    return { stdout, logits: readNpz(await readFile(join(cli.dir, file))).get('logits')!.data };
  };
  const own = await explain('own.npz');
  assert.match(own.stdout, /pixels: scale 1; mean 0\.4, 0\.5, 0\.6; .* as preprocessor_config\.json says$/m);
  const explicit = await explain('explicit.npz', ...flags);
  assert.doesNotMatch(explicit.stdout, /pixels/);
  assert.deepEqual(own.logits, explicit.logits);
});

test('inspect says what the model states, and what is wrong with it', async (t) => {
  const { cli, folder } = await setUp(t);
  const good = await cli.run(['inspect', folder]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(
    good.stdout.replace(/\n +/g, ' '),
    /Pixels +scale 1; mean 0\.4, .*pictures of 32 x 32; --scale, --mean or --std/,
  );
  const json = await cli.run(['inspect', folder, '--format', 'json']);
  const [entry] = (JSON.parse(json.stdout) as { models: { preprocessing: object }[] }).models;
  assert.deepEqual(entry?.preprocessing, { ...said, channels: null, size: [32, 32] });

  await writeFile(join(folder, 'preprocessor_config.json'), '{"image_mean": [0.5], "image_std": [0]}');
  const bad = await cli.run(['inspect', folder]);
  assert.notEqual(bad.code, 0);
  assert.match(
    bad.stdout.replace(/\n +/g, ' '),
    /cannot be scanned \(model-malformed\).*image_std is \[0\].*give --scale, --mean/,
  );
  assert.match(bad.stdout, /5 classes from 'logits'/);
});

test('a malformed preprocessor_config.json ends the scan without a verdict, unless options replace it', async (t) => {
  const { folder, scan } = await setUp(t);
  await writeFile(join(folder, 'preprocessor_config.json'), '{"image_mean": [0.5], "image_std": [0]}');
  const { verdict, reason, scanId, model } = await scan();
  assert.equal(verdict, 'inconclusive');
  assert.equal(reason?.code, 'model-malformed');
  assert.match(
    reason.message,
    /preprocessor_config\.json: image_std is \[0\], but has to be .*give --scale, --mean and --std/,
  );
  assert.match(scanId + model.digest, /^[0-9a-f]{64}sha256:/);
  const replaced = await scan(...flags);
  assert.notEqual(replaced.reason?.code, 'model-malformed');
});

async function setUp(t: TestContext) {
  const cli: Cli = await createCli(t);
  const folder = join(cli.dir, 'vit');
  await cp(vit, folder, { recursive: true });
  await writeFile(join(folder, 'preprocessor_config.json'), ours);
  await mkdir(join(cli.dir, 'images'));
  for (let i = 0; i < 12; i++) {
    const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, k) => (k * (7 + i) + i * 31) % 256);
    const picture = sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } });
    await writeFile(join(cli.dir, 'images', `${i}.png`), await picture.png().toBuffer());
  }
  const scan = async (...more: string[]): Promise<Result> => {
    const named = more[0]?.endsWith('.zip') ? more : [folder, ...more];
    const args = ['scan', ...named, '--images', 'images', '--image-count', '12', '--format', 'json'];
    const { stdout, stderr } = await cli.run(args);
    assert.notEqual(stdout, '', stderr);
    return (JSON.parse(stdout) as { results: Result[] }).results[0]!;
  };
  return { cli, folder, scan };
}
