import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { safetensorsFormat } from '../../../../adapters/formats/safetensors/index.js';
import { readNpz } from '../../../../adapters/images/npz.js';
import type { ScanErrorCode } from '../../../../core/scan/errors.js';
import { fitImages } from '../../../../core/scan/fit-images.js';
import type { ImageSet } from '../../../../core/scan/images.js';
import { withStated, type StatedPreprocessing } from '../../../../core/scan/stated-preprocessing.js';
import { scanError } from '../../../support/graphs.js';
import { assertWithin } from '../../../support/model-golden.js';
import { repoRoot } from '../../../support/paths.js';

/** Image processors of Transformers and what they make of a picture: `make_processors` of test/fixtures/safetensors/make.py. */
const folder = join(repoRoot, 'test/fixtures/safetensors/processors');
const golden = readNpz(readFileSync(join(folder, 'golden.npz')));

function stated(files: Record<string, string | Buffer>): StatedPreprocessing | undefined {
  const contents = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const);
  return safetensorsFormat.preprocessing!(memoryFiles(new Map(contents), 'm'));
}

const processor = (json: object): StatedPreprocessing | undefined =>
  stated({ 'preprocessor_config.json': JSON.stringify(json) });

describe('pixels become what the image processor of the model makes of them', () => {
  const { dims, data } = golden.get('pixels')!;
  const [height, width] = dims as [number, number];
  const images: ImageSet = {
    kind: 'pixels',
    digest: '',
    count: 1,
    labels: [undefined],
    images: [{ name: 'a', height, width, channels: 3, pixels: Uint8Array.from(data as Uint8Array) }],
  };
  const takes = { inputDims: [3, height, width], layout: 'NCHW', integerInput: false } as const;
  const names = [...golden.keys()].filter((name) => name !== 'pixels');

  test('all processors are here', () => {
    assert.equal(names.length, 8);
  });

  for (const name of names) {
    test(name, () => {
      const own = stated({ 'preprocessor_config.json': readFileSync(join(folder, name, 'preprocessor_config.json')) });
      const input = fitImages(images, takes, withStated({}, own!));
      assertWithin(input.data, Array.from(golden.get(name)!.data as Float32Array), 1e-6, name);
    });
  }
});

test('size is that of the crop, or none where only one edge is named', () => {
  const read = (name: string) =>
    JSON.parse(readFileSync(join(folder, name, 'preprocessor_config.json'), 'utf8')) as object;
  assert.deepEqual(processor(read('vit'))?.size, [6, 4]);
  assert.equal(processor(read('mobilevit'))?.size, undefined);
  assert.deepEqual(processor({ ...read('mobilevit'), do_center_crop: true })?.size, [256, 256]);
  assert.deepEqual(processor({ ...read('vit'), size: 224 })?.size, [224, 224]);
});

test("timm's mean and deviation are those of its config; the processor of Transformers comes first", () => {
  const config = readFileSync(join(folder, '../timm-resnet18/config.json'), 'utf8');
  const own = stated({ 'config.json': config });
  assert.deepEqual(own, {
    file: 'config.json',
    scale: 1,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    size: [224, 224],
  });
  const both = stated({ 'config.json': config, 'preprocessor_config.json': '{"do_normalize": false}' });
  assert.deepEqual(both, { file: 'preprocessor_config.json', scale: 1, mean: [0], std: [1] });
});

test('nothing is stated where no file says it', () => {
  assert.equal(stated({}), undefined);
  assert.equal(stated({ 'config.json': readFileSync(join(folder, '../vit/config.json')) }), undefined);
  assert.equal(stated({ 'config.json': '{"pretrained_cfg": {"mean": [1]}}' }), undefined);
});

describe('a processor that is malformed is refused with the options that replace it', () => {
  const fine = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
  const cases: readonly [object, ScanErrorCode, RegExp][] = [
    [{}, 'model-malformed', /image_std is missing/],
    [{ ...fine, image_std: [0.5, 0, 0.5] }, 'model-malformed', /image_std is \[0\.5,0,0\.5\], but has to be/],
    [{ ...fine, image_std: -1 }, 'model-malformed', /image_std is -1/],
    [{ ...fine, image_mean: 'x' }, 'model-malformed', /image_mean is "x"/],
    [{ ...fine, image_mean: [] }, 'model-malformed', /image_mean is \[\]/],
    [{ ...fine, image_mean: [1e300] }, 'model-malformed', /image_mean/],
    [{ ...fine, image_mean: Array(100_000).fill(0.5) }, 'model-malformed', /image_mean is \[0\.5.{0,90} but/],
    [{ ...fine, image_mean: null }, 'model-malformed', /image_mean is missing/],
    [{ ...fine, rescale_factor: 0 }, 'model-malformed', /rescale_factor is 0, but has to be a number above 0/],
    [{ ...fine, do_rescale: 'no' }, 'model-malformed', /do_rescale is "no"/],
    [{ ...fine, do_flip_channel_order: true }, 'model-unsupported-format', /do_flip_channel_order together with/],
  ];
  for (const [json, code, pattern] of cases) {
    test(JSON.stringify(json).slice(0, 100), () => {
      assert.throws(() => processor(json), scanError(code, pattern, /give --scale, --mean and --std/));
    });
  }

  test('no JSON, keys that JavaScript has a meaning for, too large', () => {
    const file = (text: string | Buffer) => () => stated({ 'preprocessor_config.json': text });
    assert.throws(file('{'), scanError('model-malformed', /no valid JSON/));
    assert.throws(file('[]'), scanError('model-malformed', /not a JSON object/));
    assert.throws(
      file('{"__proto__": {"image_mean": [1], "image_std": [1]}}'),
      scanError('model-malformed', /missing/),
    );
    assert.throws(
      file(Buffer.alloc(2 ** 20 + 1)),
      scanError('model-malformed', /1048577 bytes of JSON \(limit 1048576\)/),
    );
  });
});
