import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { resizeImage, resizeImages } from '../../../adapters/images/resize.js';
import type { DecodedImage, RawImageSet } from '../../../core/scan/images.js';

const image = (width: number, channels: 1 | 3, pixels: ArrayLike<number>): DecodedImage => ({
  name: 'x',
  height: pixels.length / channels / width,
  width,
  channels,
  pixels: Uint8Array.from(pixels),
});

// torch.nn.functional.interpolate(ramp, mode='bilinear', antialias=True), rounded
const ramp = Array.from({ length: 8 }, (_, i) => 32 * i);
const references: Record<number, number[]> = {
  16: [0, 8, 24, 40, 56, 72, 88, 104, 120, 136, 152, 168, 184, 200, 216, 224],
  12: [0, 16, 37, 59, 80, 101, 123, 144, 165, 187, 208, 224],
  11: [0, 19, 42, 65, 89, 112, 135, 159, 182, 205, 224],
};
for (const [width, expected] of Object.entries(references)) {
  test(`8 columns to ${width} as torchvision resizes`, () => {
    const resized = resizeImage(image(8, 1, [...ramp, ...ramp]), [2, Number(width)]);
    assert.deepEqual([...resized.pixels], [...expected, ...expected]);
  });
}

test('shrinking averages with a triangle, rows like columns', () => {
  // Centre 1 of 4 samples, support 2: weights 0.25, 0.75, 0.75, 0.25 of which the last is cut by neither edge here.
  const expected = [
    Math.round((0.75 * 0 + 0.75 * 100 + 0.25 * 200) / 1.75),
    Math.round((0.25 * 100 + 0.75 * 200 + 0.75 * 40) / 1.75),
  ];
  assert.deepEqual([...resizeImage(image(4, 1, [0, 100, 200, 40]), [1, 2]).pixels], expected);
  assert.deepEqual([...resizeImage(image(1, 1, [0, 100, 200, 40]), [2, 1]).pixels], expected);
});

test('a flat picture stays flat, channels do not mix, values stay between the extremes', () => {
  const size = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(
      size,
      size,
      size,
      size,
      fc.array(fc.nat(255), { minLength: 81, maxLength: 81 }),
      (h, w, h2, w2, noise) => {
        const gray = noise.slice(0, h * w);
        const pixels = gray.flatMap((value) => [value, 7, 255 - value]);
        const resized = resizeImage(image(w, 3, pixels), [h2, w2]);
        assert.equal(resized.pixels.length, 3 * h2 * w2);
        for (let i = 0; i < h2 * w2; i++) {
          const [r, g, b] = resized.pixels.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
          assert.ok(r >= Math.min(...gray) && r <= Math.max(...gray));
          assert.equal(g, 7);
          assert.ok(Math.abs(r + b - 255) <= 1);
        }
      },
    ),
  );
});

test('arrays are the model input already and are not resized', async () => {
  const set: RawImageSet = {
    kind: 'raw',
    digest: 'sha256:0',
    count: 1,
    labels: [undefined],
    dims: [1, 1, 1, 2],
    data: Float32Array.of(1, 2),
  };
  assert.equal(await resizeImages(set, [4, 4]), set);
});
