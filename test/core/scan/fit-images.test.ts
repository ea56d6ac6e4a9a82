import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ScanError } from '../../../core/scan/errors.js';
import {
  fitImages,
  fromUnit,
  gradientToUnit,
  suggestPreprocessings,
  toUnit,
  type ImageInput,
} from '../../../core/scan/fit-images.js';
import type { DecodedImage, ModelInput, PixelImageSet, Preprocessing, RawImageSet } from '../../../core/scan/images.js';

const picture = (height: number, width: number, channels: 1 | 3, pixels: ArrayLike<number>): DecodedImage => ({
  name: `${height}x${width}x${channels}.png`,
  height,
  width,
  channels,
  pixels: Uint8Array.from(pixels),
});
const set = (...images: DecodedImage[]): PixelImageSet => ({
  kind: 'pixels',
  digest: 'sha256:0',
  count: images.length,
  labels: images.map((_, i) => i),
  images,
});
const arrays = (dims: number[], values: ArrayLike<number>): RawImageSet => ({
  kind: 'raw',
  digest: 'sha256:0',
  count: dims[0]!,
  labels: Array.from({ length: dims[0]! }, () => undefined),
  dims,
  data: Float32Array.from(values),
});
const nchw = (...inputDims: (number | undefined)[]): ImageInput => ({ inputDims, layout: 'NCHW', integerInput: false });
const nhwc = (...inputDims: (number | undefined)[]): ImageInput => ({ inputDims, layout: 'NHWC', integerInput: false });
const fails =
  (code: ScanError['code'], ...says: RegExp[]) =>
  (thrown: unknown) => {
    assert.ok(thrown instanceof ScanError, String(thrown));
    assert.equal(thrown.code, code, thrown.message);
    for (const text of says) assert.match(thrown.message, text);
    return true;
  };
const refuses = (s: PixelImageSet | RawImageSet, model: ImageInput, p: Preprocessing, ...says: RegExp[]): void => {
  assert.throws(() => fitImages(s, model, p), fails('images-mismatch', ...says));
};

/** Two pixels: pure colours that tell the channels apart. */
const colour = picture(1, 2, 3, [255, 0, 51, 0, 102, 204]);
const gray = picture(1, 2, 1, [0, 51]);

describe('pixels become model input: x = (pixel01 * scale - mean) / std', () => {
  const float32 = (values: number[]): number[] => [...Float32Array.from(values)];
  const cases: Record<
    string,
    [image: DecodedImage, model: ImageInput, preprocessing: Preprocessing, values: number[]]
  > = {
    'NCHW, 0..1 by default': [colour, nchw(3, 1, 2), {}, [1, 0, 0, 0.4, 0.2, 0.8]],
    NHWC: [colour, nhwc(1, 2, 3), {}, [1, 0, 0.2, 0, 0.4, 0.8]],
    'layout asked for': [colour, nchw(1, 2, 3), { layout: 'NHWC' }, [1, 0, 0.2, 0, 0.4, 0.8]],
    gray: [gray, nchw(1, 1, 2), {}, [0, 0.2]],
    'scale 255 is exact': [colour, nchw(3, 1, 2), { scale: 255 }, [255, 0, 0, 102, 51, 204]],
    '-1..1': [gray, nchw(1, 1, 2), { mean: [0.5], std: [0.5] }, [-1, -0.6]],
    'mean and std per channel': [
      colour,
      nchw(3, 1, 2),
      { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
      [
        (1 - 0.485) / 0.229,
        -0.485 / 0.229,
        -0.456 / 0.224,
        (0.4 - 0.456) / 0.224,
        (0.2 - 0.406) / 0.225,
        (0.8 - 0.406) / 0.225,
      ],
    ],
    'bgr: the first mean is that of blue': [
      colour,
      nchw(3, 1, 2),
      { channels: 'bgr', scale: 255, mean: [100, 0, 0] },
      [51 - 100, 204 - 100, 0, 102, 255, 0],
    ],
    'rgb repeats gray': [gray, nchw(3, 1, 2), { channels: 'rgb' }, [0, 0.2, 0, 0.2, 0, 0.2]],
    'bgr repeats gray': [gray, nhwc(1, 2, 3), { channels: 'bgr' }, [0, 0, 0, 0.2, 0.2, 0.2]],
    'gray takes the luma of colour': [
      colour,
      nchw(1, 1, 2),
      { channels: 'gray' },
      [(0.299 * 255 + 0.114 * 51) / 255, (0.587 * 102 + 0.114 * 204) / 255],
    ],
    'a colour file of grays goes to a gray model unchanged': [
      picture(1, 2, 3, [7, 7, 7, 200, 200, 200]),
      nchw(1, 1, 2),
      { scale: 255 },
      [7, 200],
    ],
    'integer inputs take 0..255 by default, rounded': [
      colour,
      { ...nchw(1, 1, 2), integerInput: true },
      { channels: 'gray' },
      [82, 83],
    ],
  };
  for (const [name, [image, model, preprocessing, values]] of Object.entries(cases)) {
    test(name, () => {
      const input = fitImages(set(image, image), model, preprocessing);
      const got = [...input.data];
      assert.equal(got.length, 2 * values.length);
      float32([...values, ...values]).forEach((value, i) => {
        assert.ok(Math.abs(got[i]! - value) < 1e-6, `${i}: ${got[i]} is not ${value}`);
      });
      assert.deepEqual(input.labels, [0, 1]);
    });
  }

  test('every 8-bit value equals numpy float32(pixel) / float32(255)', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { data } = fitImages(set(picture(16, 16, 1, all)), nchw(1, 16, 16), {});
    assert.deepEqual(
      [...data],
      Array.from(all, (value) => Math.fround(value / 255)),
    );
  });

  test('every gray stays exact on its way through the luma of an integer model', () => {
    const all = Array.from({ length: 256 }, (_, i) => [i, i, i]).flat();
    const model = { ...nchw(1, 16, 16), integerInput: true };
    const { data } = fitImages(set(picture(16, 16, 3, all)), model, { channels: 'gray' });
    assert.deepEqual(
      [...data],
      Array.from({ length: 256 }, (_, i) => i),
    );
  });

  test('the domain is what black and white become', () => {
    const { domain, dims, layout } = fitImages(set(colour), nhwc(1, 2, 3), {
      mean: [0.5, 0, 0.25],
      std: [0.5, 1, 0.25],
    });
    assert.deepEqual(domain, { low: [-1, 0, -1], high: [1, 1, 3] });
    assert.deepEqual([dims, layout], [[1, 1, 2, 3], 'NHWC']);
  });

  test('open sizes and channels follow the images', () => {
    assert.deepEqual(fitImages(set(colour), nchw(3, undefined, undefined), {}).dims, [1, 3, 1, 2]);
    assert.deepEqual(fitImages(set(colour), nhwc(undefined, undefined, undefined), {}).dims, [1, 1, 2, 3]);
    assert.deepEqual(fitImages(set(gray), nchw(undefined, 1, 2), {}).dims, [1, 1, 1, 2]);
    assert.deepEqual(fitImages(set(gray), nchw(undefined, 1, 2), { channels: 'rgb' }).dims, [1, 3, 1, 2]);
  });
});

describe('images that do not fit are refused with the flag that helps', () => {
  test('another size', () => {
    refuses(
      set(colour, picture(4, 5, 3, new Uint8Array(60)), picture(4, 6, 3, new Uint8Array(72))),
      nchw(3, 1, 2),
      {},
      /^image 4x5x3\.png is 4x5 colour \(3 channels\), but the model takes 1x2 colour .*: use --resize 1x2; so for 2 of 3/,
    );
  });

  test('other channels, and both at once', () => {
    refuses(set(gray), nchw(3, 1, 2), {}, /1x2 gray \(1 channel\).*takes 1x2 colour.*use --channels rgb/);
    refuses(set(colour), nchw(1, 1, 2), {}, /1x2 colour.*takes 1x2 gray.*use --channels gray/);
    refuses(set(colour), nchw(1, 8, 8), {}, /use --resize 8x8 and --channels gray/);
  });

  test('sizes that differ where the model takes any', () => {
    refuses(set(gray, picture(2, 2, 1, [0, 0, 0, 0])), nchw(1, undefined, undefined), {}, /one size.*--resize HxW/);
  });

  test('channels asked for that the model does not have', () => {
    refuses(set(colour), nchw(3, 1, 2), { channels: 'gray' }, /--channels gray does not fit.*3 channels/);
    refuses(set(colour), nchw(1, 1, 2), { channels: 'bgr' }, /--channels bgr does not fit.*1 channel/);
  });

  test('axes taken for one another, too many channels, no picture at all', () => {
    refuses(set(colour), nchw(32, 32, 3), {}, /32 channels.*--layout/);
    refuses(set(colour), nchw(784), {}, /takes \[784\] per image, which is no picture/);
    refuses(arrays([1, 784], new Array(784).fill(0)), nchw(784), {}, /no picture/);
  });

  test('mean and std of another length, or no numbers', () => {
    refuses(set(gray), nchw(1, 1, 2), { mean: [1, 2, 3] }, /--mean has 3 values.*1 channels/);
    refuses(set(colour), nchw(3, 1, 2), { std: [1, 2] }, /--std has 2 values.*give 1 or 3/);
    for (const bad of [{ std: [0] }, { std: [-1] }, { mean: [Number.NaN] }, { scale: 0 }]) {
      assert.throws(() => fitImages(set(gray), nchw(1, 1, 2), bad), fails('usage', /--(std|mean|scale)/));
    }
  });

  test('arrays of another shape, no images', () => {
    refuses(arrays([1, 28, 28], new Array(784).fill(0)), nchw(1, 28, 28), {}, /\[1, 28, 28\].*takes \[N, 1, 28, 28\]/);
    refuses(arrays([2, 1, 2, 2], new Array(8).fill(0)), nchw(1, undefined, 3), {}, /\[N, 1, \?, 3\]/);
    assert.throws(() => fitImages(set(), nchw(1, 1, 1), {}), fails('images-missing'));
  });
});

describe('arrays are taken as they are', () => {
  const values = [0, 0.5, 1, 0.25, 0.125, 0.75];
  test('values, layout and size', () => {
    const raw = arrays([2, 3, 1, 1], values);
    const input = fitImages(raw, nchw(3, undefined, 1), { mean: [9], std: [3], scale: 255 });
    assert.equal(input.data, raw.data);
    assert.deepEqual([input.dims, input.layout], [[2, 3, 1, 1], 'NCHW']);
    assert.equal(fitImages(arrays([1, 2, 1, 3], values), nhwc(2, 1, 3), {}).layout, 'NHWC');
  });

  test('black and white: 0..1, 0..255, else the range of each channel', () => {
    const domain = (dims: number[], model: ImageInput, list: number[]): ModelInput['domain'] =>
      fitImages(arrays(dims, list), model, {}).domain;
    const planar = nchw(2, 1, 2);
    assert.deepEqual(domain([1, 2, 1, 2], planar, [0, 0.5, 1, 0.25]), { low: [0, 0], high: [1, 1] });
    assert.deepEqual(domain([1, 2, 1, 2], planar, [0, 7, 200, 3]), { low: [0, 0], high: [255, 255] });
    assert.deepEqual(domain([1, 2, 1, 2], planar, [0, 7.5, 200, 3]), { low: [0, 3], high: [7.5, 200] });
    assert.deepEqual(domain([1, 2, 1, 2], planar, [-1, 1, 2, 2]), { low: [-1, 2], high: [1, 3] });
    assert.deepEqual(domain([1, 1, 2, 2], nhwc(1, 2, 2), [-1, 2, 1, 2]), { low: [-1, 2], high: [1, 3] });
    assert.deepEqual(domain([1, 2, 1, 2], planar, [0, 7, 300, 3]), { low: [0, 3], high: [7, 300] });
  });
});

describe('the unit range', () => {
  test('is [N, C, H, W] with black 0 and white 1, whatever the layout and preprocessing', () => {
    const preprocessing: Preprocessing = { mean: [0.5, 0, 0.1], std: [0.5, 2, 0.1] };
    const expected = Float32Array.of(1, 0, 0, 0.4, 0.2, 0.8);
    for (const model of [nchw(3, 1, 2), nhwc(1, 2, 3)]) {
      const unit = toUnit(fitImages(set(colour), model, preprocessing));
      unit.forEach((value, i) => {
        assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${i}: ${value}`);
      });
    }
  });

  const sizes = fc.record({
    n: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 4 }),
    height: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 4 }),
    layout: fc.constantFrom('NCHW' as const, 'NHWC' as const),
  });
  const inputs = sizes.chain(({ n, channels, height, width, layout }) => {
    const size = n * channels * height * width;
    const bound = fc.double({ min: -300, max: 300, noNaN: true });
    return fc.record({
      input: fc
        .record({
          low: fc.array(bound, { minLength: channels, maxLength: channels }),
          spread: fc.array(fc.double({ min: 0.1, max: 300, noNaN: true }), {
            minLength: channels,
            maxLength: channels,
          }),
          data: fc.float32Array({ minLength: size, maxLength: size, min: -300, max: 300, noNaN: true }),
        })
        .map(({ low, spread, data }): ModelInput => ({
          dims: [n, ...(layout === 'NCHW' ? [channels, height, width] : [height, width, channels])],
          data,
          layout,
          labels: [],
          domain: { low, high: low.map((value, c) => value + spread[c]!) },
        })),
      unit: fc.float32Array({ minLength: size, maxLength: size, min: 0, max: 1, noNaN: true }),
    });
  });

  test('and back are inverses within float32', () => {
    fc.assert(
      fc.property(inputs, ({ input, unit }) => {
        const n = input.dims[0]!;
        const back = fromUnit(toUnit(input), n, input);
        const again = toUnit({ ...input, data: fromUnit(unit, n, input) });
        const spread = Math.min(...input.domain.high.map((high, c) => high - input.domain.low[c]!));
        // Values up to 600 held in 24 bits; divided by the spread on the way to the unit range.
        const ulp = 600 * 2 ** -23;
        back.forEach((value, i) => {
          assert.ok(Math.abs(value - input.data[i]!) <= ulp, `${value} is not ${input.data[i]}`);
        });
        again.forEach((value, i) => {
          assert.ok(Math.abs(value - unit[i]!) <= ulp / spread, `${value} is not ${unit[i]}`);
        });
      }),
    );
  });

  test('a gradient follows the chain rule: the same change of the picture gives the same change of a score', () => {
    fc.assert(
      fc.property(inputs, ({ input, unit }) => {
        const n = input.dims[0]!;
        const gradient = input.data.map((value) => value / 300);
        const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
        const black = fromUnit(new Float32Array(unit.length), n, input);
        const change = fromUnit(unit, n, input).map((value, i) => value - black[i]!);
        const bound = 1e-3 * Math.sqrt(dot(gradient, gradient) + 1);
        assert.ok(Math.abs(dot(gradientToUnit(gradient, n, input), unit) - dot(gradient, change)) <= bound);
      }),
    );
  });

  test('holds the same picture for both layouts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 18, maxLength: 18 }), (pixels) => {
        const image = set(picture(2, 3, 3, pixels));
        const preprocessing: Preprocessing = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7] };
        const planar = fitImages(image, nchw(3, 2, 3), preprocessing);
        const interleaved = fitImages(image, nhwc(2, 3, 3), preprocessing);
        const unit = toUnit(planar);
        assert.deepEqual(toUnit(interleaved), unit);
        assert.deepEqual(fromUnit(unit, 1, interleaved), fromUnit(toUnit(interleaved), 1, interleaved));
      }),
    );
  });

  test('takes fewer images than the input has', () => {
    const input = fitImages(set(colour, colour), nhwc(1, 2, 3), {});
    const one = fromUnit(toUnit(input).subarray(0, 6), 1, input);
    assert.deepEqual(one, input.data.subarray(0, 6));
  });
});

describe('other preprocessings to try', () => {
  test('the current one is not among them, each runs, layout and size stay', () => {
    const current: Preprocessing = { layout: 'NHWC', resize: [1, 2], mean: [0.5], std: [0.5] };
    const suggestions = suggestPreprocessings(current);
    assert.deepEqual(
      suggestions.map(({ flags }) => flags),
      [
        '--scale 1 --mean 0 --std 1',
        '--scale 255 --mean 0 --std 1',
        '--scale 1 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225',
        '--scale 255 --mean 103.939,116.779,123.68 --std 1 --channels bgr',
        '--scale 1 --mean 0.5 --std 0.5 --channels bgr',
      ],
    );
    const inputs = suggestions.map(({ preprocessing }) => {
      assert.deepEqual([preprocessing.layout, preprocessing.resize], ['NHWC', [1, 2]]);
      return fitImages(set(colour), nhwc(1, 2, 3), preprocessing).data.join();
    });
    assert.equal(new Set(inputs).size, inputs.length);
    assert.ok(!inputs.includes(fitImages(set(colour), nhwc(1, 2, 3), current).data.join()));
  });

  test('away from bgr by flags that undo it', () => {
    const flags = suggestPreprocessings({ channels: 'bgr' }).map((suggestion) => suggestion.flags);
    assert.equal(flags[0], '--scale 1 --mean 0 --std 1 --channels rgb');
    assert.equal(new Set(flags).size, flags.length);
  });

  test('for one channel', () => {
    for (const { preprocessing } of suggestPreprocessings({}, 1)) fitImages(set(gray), nchw(1, 1, 2), preprocessing);
    assert.equal(suggestPreprocessings({}, 1).length, 3);
    assert.deepEqual(
      suggestPreprocessings({ channels: 'gray' }).map((s) => s.preprocessing.channels),
      ['gray', 'gray', 'gray'],
    );
  });
});
