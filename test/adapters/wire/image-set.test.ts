import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOfArray, digestOfPixels } from '../../../adapters/images/digest.js';
import { decodeImageSet, encodeImageSet } from '../../../adapters/wire/image-set.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { DecodedImage, ImageSet } from '../../../core/scan/images.js';
import { neuroninspect } from '../../../proto/gen/scan-v1.js';
import type { neuroninspect as types } from '../../../proto/gen/scan-v1-types.js';
import { withoutChecksum } from '../../support/wire.js';
import { pixelSet, rawSet } from './support/image-sets.js';

const { v1 } = neuroninspect.scan;
type Fields = types.scan.v1.ImageSet.$Properties;

const label = fc.option(fc.nat(Number.MAX_SAFE_INTEGER - 1), { nil: undefined });
const classNames = fc.array(fc.string({ unit: 'grapheme', maxLength: 10 }), { minLength: 1, maxLength: 4 });
const names = fc.option(classNames, { nil: undefined });
const picture: fc.Arbitrary<DecodedImage> = fc
  .tuple(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.boolean())
  .chain(([name, height, width, colour]) => {
    const channels = colour ? 3 : 1;
    const length = height * width * channels;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((pixels) => ({ name, height, width, channels, pixels }));
  });

const sets: fc.Arbitrary<ImageSet> = fc.oneof(
  fc
    .tuple(fc.array(fc.tuple(picture, label), { minLength: 1, maxLength: 4 }), names)
    .map(([labelled, known]): ImageSet => {
      const images = labelled.map(([image]) => image);
      const labels = labelled.map(([, index]) => index);
      const digest = digestOfPixels(images, labels);
      return { kind: 'pixels', digest, count: images.length, images, labels, ...(known ? { classNames: known } : {}) };
    }),
  fc
    .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), fc.uint8Array({ minLength: 8 * 3, maxLength: 8 * 3 }))
    .map(([labels, bytes]): ImageSet => {
      const data = new Float32Array(Uint8Array.from(bytes).buffer).slice(0, labels.length * 2);
      const dims = [labels.length, 2, 1];
      return { kind: 'raw', digest: digestOfArray(dims, data, labels), count: labels.length, labels, dims, data };
    }),
);

test('every image set comes back bit by bit, and has its digest', () => {
  fc.assert(
    fc.property(sets, (set) => {
      assert.deepStrictEqual(decodeImageSet(encodeImageSet(set), set.digest), set);
    }),
  );
});

test('other images than those ordered are refused', () => {
  for (const set of [pixelSet(), rawSet()]) {
    const bytes = encodeImageSet(set);
    const other = `sha256:${'0'.repeat(64)}`;
    assert.throws(() => decodeImageSet(bytes, other), refusedFor(/digest is .*these are other images/));
    // The last label of both sets is a number; another one is another set.
    const fields: Fields = v1.ImageSet.decode(withoutChecksum(bytes));
    const labelsPlusOne = fields.labelsPlusOne!.map((value, i, all) => (i === all.length - 1 ? 77 : value));
    const relabelled = v1.ImageSet.encode({ ...fields, labelsPlusOne }).finish();
    assert.throws(() => decodeImageSet(relabelled, set.digest), refusedFor(/other images/));
  }
});

test('shapes that do not fit the values are refused before the digest is computed', () => {
  const { digest } = pixelSet();
  const pixels: Fields = v1.ImageSet.decode(withoutChecksum(encodeImageSet(pixelSet())));
  const array: Fields = v1.ImageSet.decode(withoutChecksum(encodeImageSet(rawSet())));
  const pictures = pixels.pixels!.pictures!;
  const first = (change: object) => ({
    ...pixels,
    pixels: { pictures: [{ ...pictures[0], ...change }, ...pictures.slice(1)] },
  });
  const dims = (given: number[]) => ({ ...array, array: { ...array.array, dims: given } });
  const cases: readonly (readonly [fields: object, why: RegExp])[] = [
    [{ ...pixels, labelsPlusOne: [] }, /there are no images/],
    [{ ...pixels, labelsPlusOne: [1] }, /are 3, with 1 labels/],
    [{ ...pixels, pixels: null }, /either pictures or an array/],
    [first({ height: 0 }), /height/],
    [first({ channels: 4 }), /channels is 4/],
    [first({ channels: 3 }), /bytes for/],
    [first({ height: 2 ** 20, width: 2 ** 20 }), /bytes for/],
    [first({ name: 'n'.repeat(1025) }), /name/],
    [dims([]), /first axis/],
    [dims([2]), /first axis/],
    [dims([3, 3, 2, 2]), /first axis/],
    [dims([2, 3, 2, 3]), /96 bytes for dims/],
    [dims([2, 2 ** 30, 2 ** 30, 2 ** 30]), /96 bytes for dims/],
    [dims([2, 0, 2, 2]), /array.dims is 0/],
    [dims(new Array<number>(9).fill(2)), /more than 8/],
  ];
  for (const [fields, why] of cases) {
    assert.throws(() => decodeImageSet(v1.ImageSet.encode(fields).finish(), digest), refusedFor(why), why.source);
  }
});

test('a set with more class names than fit is refused by the sender', () => {
  const set = { ...pixelSet(), classNames: new Array<string>(100_001).fill('a') };
  assert.throws(
    () => encodeImageSet(set),
    (error) => error instanceof ScanError && error.code === 'internal' && error.message.includes('class_names'),
  );
});

function refusedFor(why: RegExp) {
  return (error: unknown) =>
    error instanceof ScanError && error.code === 'message-malformed' && why.test(error.message);
}
