import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readNpz, writeNpz } from '../../../adapters/images/npz.js';
import { hasShared } from '../../support/paths.js';
import { createCli, digits, model, zoo } from './run-cli.js';

const options = { skip: hasShared ? false : 'needs the shared models' };

describe('neuroninspect explain', options, () => {
  test('gradients and maps of an .npz input are those of PyTorch', async (t) => {
    const cli = await createCli(t);
    const golden = readNpz(readFileSync(join(zoo, 'golden/digits-p3.golden.npz')), () => [
      'images_u8',
      'f64_rectified_grad',
      'f64_rectified_heat',
    ]);
    const images = golden.get('images_u8')!;
    const dims = images.dims.length === 4 ? images.dims : [images.dims[0]!, 1, ...images.dims.slice(1)];
    await writeNpz(join(cli.dir, 'x.npz'), { images: { dims, data: Float32Array.from(images.data, (v) => v / 255) } });
    const args = ['--images', 'x.npz', '--classes', '3,7', '--rule', 'rectified', '--output', 'o.npz'];
    const { code, stderr } = await cli.run(['explain', model('digits-p3'), ...args]);
    assert.equal(code, 0, stderr);

    const arrays = readNpz(await readFile(join(cli.dir, 'o.npz')));
    const [n] = dims as [number];
    assert.deepEqual(arrays.get('logits')!.dims, [n, 10]);
    assert.deepEqual(arrays.get('gradients')!.dims, [n, 2, 1, 28, 28]);
    assert.deepEqual(arrays.get('heatmaps')!.dims, [n, 2, 28, 28]);
    const expected = golden.get('f64_rectified_grad')!;
    assert.ok(furthest(arrays.get('gradients')!.data, pickClasses(expected, [3, 7])) < 1e-4);
    const maps = golden.get('f64_rectified_heat')!;
    assert.ok(furthest(arrays.get('heatmaps')!.data, pickClasses(maps, [3, 7])) < 1e-4);
  });

  test('a folder gets arrays, picture and page', async (t) => {
    const cli = await createCli(t);
    const args = ['--images', digits, '--classes', '5', '--image-count', '4', '-o', 'out'];
    const { code, stdout } = await cli.run(['explain', model('digits-p3'), ...args]);
    assert.equal(code, 0);
    assert.match(stdout, /rectified gradients of class 5 on 4 images/);
    const png = await readFile(join(cli.dir, 'out/explanation.png'));
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    const html = await readFile(join(cli.dir, 'out/explanation.html'), 'utf8');
    assert.equal(html.match(/<tr><th scope="row">/g)?.length, 4);
    assert.doesNotMatch(html, /(src|href)="(?!data:)/, 'nothing is fetched from elsewhere');
    assert.deepEqual(readNpz(await readFile(join(cli.dir, 'out/explanation.npz'))).get('logits')!.dims, [4, 10]);
  });

  test('a class the model does not have is a usage error', async (t) => {
    const args = ['--images', digits, '--classes', '10', '-o', 'o.npz'];
    const { code, stderr } = await (await createCli(t)).run(['explain', model('digits-p3'), ...args]);
    assert.equal(code, 4);
    assert.match(stderr, /classes 0 to 9/);
  });

  test('a model that cannot be read says why', async (t) => {
    const args = ['--images', digits, '--classes', '1', '-o', 'o.npz'];
    const missing = await (await createCli(t)).run(['explain', 'gone.onnx', ...args]);
    assert.equal(missing.code, 3);
    assert.match(missing.stderr, /gone\.onnx: no such file/);
  });
});

type Values = ArrayLike<number>;

/** Rows of some classes out of [images, classes, ...]. */
function pickClasses({ dims, data }: { dims: readonly number[]; data: Values }, classes: readonly number[]): number[] {
  const [images, total, ...rest] = dims as [number, number, ...number[]];
  const size = rest.reduce((product, dim) => product * dim, 1);
  const rows: number[] = [];
  for (let image = 0; image < images; image++) {
    for (const index of classes) {
      const start = (image * total + index) * size;
      for (let i = 0; i < size; i++) rows.push(data[start + i]!);
    }
  }
  return rows;
}

/** The largest difference relative to the largest value. */
function furthest(actual: Values, expected: Values): number {
  assert.equal(actual.length, expected.length);
  let [difference, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference / scale;
}
