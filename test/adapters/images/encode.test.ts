import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { heatColour } from '../../../adapters/images/colour-map.js';
import { decodeImage } from '../../../adapters/images/decode.js';
import { pngEncoder } from '../../../adapters/images/encode.js';
import { imageLimits } from '../../../adapters/images/options.js';
import type { Picture, PictureOptions } from '../../../core/ports/image-encoder.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { DecodedImage } from '../../../core/scan/images.js';
import type { Plane } from '../../../core/scan/result.js';

const plane = (dims: number[], values: number[]): Plane => ({ dims, data: Float32Array.from(values) });
const drawn = async (picture: Picture, options?: PictureOptions): Promise<DecodedImage> =>
  decodeImage('x', await pngEncoder.png(picture, options), imageLimits);

describe('a plane becomes the picture of its values', () => {
  test('gray, clipped to 0..1, NaN black', async () => {
    const map = plane([2, 3], [0, 1, 0.5, -3, 9, Number.NaN]);
    const image = await drawn({ kind: 'plain', plane: map });
    assert.deepEqual([image.height, image.width, image.channels, ...image.pixels], [2, 3, 1, 0, 255, 128, 0, 255, 0]);
    assert.deepEqual(await drawn({ kind: 'plain', plane: { ...map, dims: [1, 2, 3] } }), image);
  });

  test('colour from channel planes', async () => {
    const image = await drawn({ kind: 'plain', plane: plane([3, 1, 2], [1, 0, 0, 1, 0.2, 0.4]) });
    assert.deepEqual([image.channels, ...image.pixels], [3, 255, 0, 51, 0, 255, 102]);
  });

  test('zoom repeats every value in a square', async () => {
    const image = await drawn({ kind: 'plain', plane: plane([1, 2], [0, 1]) }, { zoom: 3 });
    const row = [0, 0, 0, 255, 255, 255];
    assert.deepEqual([image.height, image.width, ...image.pixels], [3, 6, ...row, ...row, ...row]);
  });

  test('a data URI of the same PNG', async () => {
    const picture: Picture = { kind: 'plain', plane: plane([1, 1], [0.3]) };
    const uri = await pngEncoder.dataUri(picture, { zoom: 2 });
    const base64 = Buffer.from(await pngEncoder.png(picture, { zoom: 2 })).toString('base64');
    assert.equal(uri, `data:image/png;base64,${base64}`);
  });

  test('what is no picture is refused', async () => {
    for (const [dims, size] of [
      [[4], 4],
      [[2, 1, 1], 2],
      [[2, 2], 3],
      [[0, 2], 0],
      [[1, 1, 1, 1], 1],
    ] as const) {
      const picture: Picture = { kind: 'plain', plane: plane([...dims], new Array<number>(size).fill(0)) };
      await assert.rejects(pngEncoder.png(picture), ScanError, `[${dims.join()}]`);
    }
    const map = plane([1, 1], [0]);
    await assert.rejects(pngEncoder.png({ kind: 'heat', map: plane([3, 1, 1], [0, 0, 0]) }), /as a heat map/);
    await assert.rejects(
      pngEncoder.png({ kind: 'overlay', map, image: plane([1, 2], [0, 0]) }),
      /over an image of 1x2/,
    );
    for (const zoom of [0, 1.5, 65]) await assert.rejects(pngEncoder.png({ kind: 'heat', map }, { zoom }), /enlarged/);
  });
});

describe('heat maps', () => {
  test('equal steps look equally large: lightness rises evenly', () => {
    const steps = Array.from({ length: 21 }, (_, i) => lightness(heatColour(i / 20)));
    assert.ok(steps[0]! < 1 && steps[20]! > 95);
    for (let i = 3; i < steps.length; i++) {
      const rise = steps[i]! - steps[i - 1]!;
      assert.ok(rise > 4 && rise < 6.2, `step ${i} rises by ${rise}`);
    }
  });

  test('a map alone shows its colours', async () => {
    const image = await drawn({ kind: 'heat', map: plane([1, 3], [0, 0.4, 1]) });
    assert.deepEqual([...image.pixels], [heatColour(0), heatColour(0.4), heatColour(1)].flat());
  });

  test('over an image: cold leaves it as it is, hot covers four fifths', async () => {
    const map = plane([1, 2], [0, 1]);
    const hot = heatColour(1).map((colour) => Math.round(51 + 0.8 * (colour - 51)));
    const gray = await drawn({ kind: 'overlay', map, image: plane([1, 2], [0.2, 0.2]) });
    assert.deepEqual([...gray.pixels], [51, 51, 51, ...hot]);
    const colour = await drawn({ kind: 'overlay', map, image: plane([3, 1, 2], [1, 0.2, 0.4, 0.2, 0, 0.2]) });
    assert.deepEqual([...colour.pixels], [255, 102, 0, ...hot]);
  });
});

/** CIE L* of an sRGB colour. */
function lightness(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return y > 216 / 24389 ? 116 * Math.cbrt(y) - 16 : (24389 / 27) * y;
}
