import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { decodeImage } from '../../../adapters/images/decode.js';
import { imageLimits } from '../../../adapters/images/options.js';
import { grayPng, raw, rgbPng } from './pictures.js';

const decode = (bytes: Uint8Array): ReturnType<typeof decodeImage> => decodeImage('x', bytes, imageLimits);

describe('a picture is decoded to the values a training pipeline sees', () => {
  const rgb = [10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3];

  test('RGB and gray PNG', async () => {
    const colour = await decode(await rgbPng(rgb, 2));
    assert.deepEqual(colour, { name: 'x', height: 2, width: 2, channels: 3, pixels: Uint8Array.from(rgb) });
    const gray = await decode(await grayPng(77, 1, 2));
    assert.deepEqual(gray, { name: 'x', height: 1, width: 2, channels: 1, pixels: Uint8Array.of(77, 77) });
  });

  test('lossless WebP', async () => {
    const image = await decode(await raw(Uint8Array.from(rgb), 2, 3).webp({ lossless: true }).toBuffer());
    assert.deepEqual([...image.pixels], rgb);
  });

  test('JPEG, gray and colour', async () => {
    const flat = raw(new Uint8Array(8 * 8 * 3).fill(120), 8, 3);
    assert.equal((await decode(await flat.clone().jpeg().toBuffer())).channels, 3);
    const gray = await decode(await flat.clone().toColourspace('b-w').jpeg().toBuffer());
    assert.equal(gray.channels, 1);
    assert.ok(gray.pixels.every((value) => Math.abs(value - 120) <= 1));
  });

  test('alpha is dropped and the colour under it stays', async () => {
    const image = await decode(
      await raw(Uint8Array.of(10, 20, 30, 255, 40, 50, 60, 0), 2, 4)
        .png()
        .toBuffer(),
    );
    assert.deepEqual([...image.pixels], [10, 20, 30, 40, 50, 60]);
    const gray = await decode(
      await raw(Uint8Array.of(10, 255, 20, 0), 2, 2)
        .toColourspace('b-w')
        .png()
        .toBuffer(),
    );
    assert.deepEqual([gray.channels, ...gray.pixels], [1, 10, 20]);
  });

  test('16 bits become 8 by their upper byte', async () => {
    const values = Uint16Array.of(0, 255, 256, 0x8000, 0xffff, 0x7fff);
    const gray = await decode(await raw(values, 3, 1).toColourspace('grey16').png().toBuffer());
    assert.deepEqual([gray.channels, ...gray.pixels], [1, 0, 0, 1, 128, 255, 127]);
    const colour = await decode(await raw(values, 2, 3).toColourspace('rgb16').png().toBuffer());
    assert.deepEqual([colour.channels, ...colour.pixels], [3, 0, 0, 1, 128, 255, 127]);
  });

  test('a palette becomes RGB', async () => {
    const image = await decode(await raw(Uint8Array.from(rgb), 2, 3).png({ palette: true }).toBuffer());
    assert.deepEqual([image.channels, ...image.pixels], [3, ...rgb]);
  });

  test('CMYK becomes RGB', async () => {
    const red = new Uint8Array(8 * 8 * 3).map((_, i) => (i % 3 === 0 ? 220 : 20));
    const image = await decode(await raw(red, 8, 3).toColourspace('cmyk').jpeg().toBuffer());
    assert.equal(image.channels, 3);
    assert.ok(image.pixels[0]! > 150 && image.pixels[1]! < 100, `not red: ${image.pixels.slice(0, 3).join()}`);
  });

  test('an embedded colour profile does not change the values', async () => {
    const plain = await rgbPng([200, 30, 40], 1);
    const tagged = await sharp(plain).withIccProfile('p3').png().toBuffer();
    const stored = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
    assert.notDeepEqual([...stored], [200, 30, 40]);
    assert.deepEqual([...(await decode(tagged)).pixels], [...stored]);
  });

  test('EXIF orientation is applied', async () => {
    const wide = await raw(new Uint8Array(16 * 8 * 3), 16, 3)
      .jpeg()
      .toBuffer();
    const turned = await decode(await sharp(wide).withMetadata({ orientation: 6 }).toBuffer());
    assert.deepEqual([turned.height, turned.width], [16, 8]);
  });

  test('of an animation the first frame is taken', async () => {
    const frames = Uint8Array.from({ length: 24 }, (_, i) => (i < 12 ? 9 : 200));
    const bytes = await raw(frames, 2, 3, { pageHeight: 2 }).webp({ lossless: true }).toBuffer();
    assert.equal((await sharp(bytes).metadata()).pages, 2);
    const image = await decode(bytes);
    assert.deepEqual([image.height, ...image.pixels], [2, ...frames.slice(0, 12)]);
  });
});

describe('what is no whole picture is refused', () => {
  const noise = new Uint8Array(60 * 60 * 3).map((_, i) => (i * 7919) % 251);

  test('a cut file of each format', async () => {
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const bytes = await raw(noise, 60, 3).toFormat(format).toBuffer();
      await decode(bytes);
      await assert.rejects(decode(bytes.subarray(0, bytes.length >> 1)), Error, format);
      await assert.rejects(decode(bytes.subarray(0, 12)), Error, format);
    }
  });

  test('other formats under the name of a picture, even ones the library could render', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>';
    await assert.rejects(decode(Buffer.from(svg)), /no PNG, JPEG or WebP/);
    await assert.rejects(decode(await raw(noise, 60, 3).gif().toBuffer()), /no PNG, JPEG or WebP/);
    await assert.rejects(decode(new Uint8Array(0)), /no PNG, JPEG or WebP/);
  });

  test('more pixels than allowed, before they are decoded', async () => {
    const bytes = await raw(noise, 60, 3).png().toBuffer();
    await assert.rejects(decodeImage('x', bytes, { ...imageLimits, maxPixels: 3599 }), /pixel limit/);
    await decodeImage('x', bytes, { ...imageLimits, maxPixels: 3600 });
  });

  test('damaged bytes end in a picture or an error, never in a hang or a crash', async () => {
    const originals = await Promise.all(
      (['png', 'jpeg', 'webp'] as const).map((format) => raw(noise, 60, 3).toFormat(format).toBuffer()),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (original, changes) => {
          const bytes = Uint8Array.from(original);
          for (const [place, value] of changes) bytes[place % bytes.length] = value;
          const image = await decode(bytes).catch((thrown: unknown) => {
            assert.ok(thrown instanceof Error);
            return undefined;
          });
          if (image) assert.equal(image.pixels.length, image.height * image.width * image.channels);
        },
      ),
      { numRuns: 60 },
    );
  });
});
