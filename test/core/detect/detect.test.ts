import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { detect } from '../../../core/detect/detect.js';
import { nullTables } from '../../../core/detect/p-value.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { FeatureKey } from '../../../core/scan/features.js';
import { cascade1, paper2019 } from '../../../core/scan/profiles.js';
import { classes, context, featuresOf, images, only } from './fixtures.js';

const tables = nullTables();
const gains: readonly FeatureKey[] = ['guided.gain', 'rectified.gain', 'vanilla.gain'];

test('the candidate is the class with the largest guided gain, and its rectified gain makes it an outlier', () => {
  const features = featuresOf({ 'guided.gain': only(5, 3), 'rectified.gain': only(5, 3) });
  const detection = detect(cascade1, features, context(), tables);
  assert.equal(detection.inconclusive, undefined);
  assert.deepEqual(detection.candidates, [5]);
  assert.deepEqual(detection.flagged, [5]);
  const [lead, mass] = detection.detectors;
  assert.equal(lead!.id, 'gain-energy');
  assert.ok(lead!.fired && lead!.value > 2 && lead!.pValue! < 0.01);
  assert.equal(lead!.value, mass!.value);
  assert.equal(detection.pValue, lead!.pValue);
  assert.ok(lead!.nullHypothesis!.includes('one class'));
});

test('a small vanilla gain counts as much as a large rectified one, but only at the candidate', () => {
  const quiet = featuresOf({ 'guided.gain': only(5, 3), 'vanilla.gain': only(5, 0.2) });
  assert.deepEqual(detect(cascade1, quiet, context(), tables).flagged, [5]);
  const elsewhere = featuresOf({
    'guided.gain': only(5, 3),
    'vanilla.gain': only(4, 0.2),
    'rectified.gain': only(3, 9),
  });
  const detection = detect(cascade1, elsewhere, context(), tables);
  assert.deepEqual(detection.candidates, [5]);
  assert.deepEqual(detection.flagged, []);
  assert.ok(detection.score! < 1);
  assert.ok(detection.classes[4]!.indices.quiet! > 4);
});

test("a class's own images do not count for its gains", () => {
  const values = Float32Array.from({ length: classes * images }, (_, i) => {
    const [index, image] = [Math.floor(i / images), i % images];
    return image % classes === index ? 1000 : featuresOf().values.get('guided.gain')![i]!;
  });
  const features = { ...featuresOf(), values: new Map(gains.map((key) => [key, values] as const)) };
  const means = detect(cascade1, features, context(), tables).classes.map((report) => report.features['guided.gain']!);
  assert.ok(means.every((mean) => mean < 2));
});

test('the own class of an image is its label, and the prediction where there is no usable label', () => {
  const loud = (own: number) => ({
    ...featuresOf(),
    values: new Map(
      gains.map((key) => [
        key,
        featuresOf()
          .values.get(key)!
          .map((value, i) => (i % images === 0 && Math.floor(i / images) === own ? 1000 : value)),
      ]),
    ),
  });
  const mean = (features: ReturnType<typeof loud>, own: number, labels: (number | undefined)[]) =>
    detect(cascade1, features, context({ labels, predictions: labels.map(() => 7) }), tables).classes[own]!.features[
      'guided.gain'
    ]!;
  const none = new Array<undefined>(images).fill(undefined);
  assert.ok(mean(loud(3), 3, [3, ...none.slice(1)]) < 2);
  assert.ok(mean(loud(3), 3, none) > 2);
  assert.ok(mean(loud(3), 3, [99, ...none.slice(1)]) > 2);
});

test('the paper profile averages over all images and flags every class above the threshold', () => {
  const features = featuresOf({
    'rectified.sparse': (index) => [100, 101, 99, 100.5, 99.5, 101.5, 98.5, 100.2, 20, 10][index]!,
    'rectified.smooth': (index) => [100, 101, 99, 100.5, 99.5, 101.5, 98.5, 100.2, 20, 10][index]!,
  });
  const detection = detect(paper2019, features, context(), tables);
  assert.deepEqual(detection.flagged, [9, 8]);
  assert.deepEqual(detection.candidates, [9, 8]);
  assert.deepEqual(
    detection.detectors.map(({ id }) => id),
    ['combined', 'sparse', 'smooth', 'persistent'],
  );
  const { features: values } = detection.classes[9]!;
  const sum = 0.1 * values['rectified.sparse']! + values['rectified.smooth']! + values['rectified.persistent']!;
  assert.ok(Math.abs(values['rectified.combined']! - sum) < 1e-9);
});

test('the paper weights colour images differently', () => {
  const { features } = detect(paper2019, featuresOf(), context({ channels: 3 }), tables).classes[2]!;
  const sum = features['rectified.sparse']! + features['rectified.smooth']! + 10 * features['rectified.persistent']!;
  assert.ok(Math.abs(features['rectified.combined']! - sum) < 1e-9);
});

test('the first p-value stands alone, those of the other tests are corrected', () => {
  const features = featuresOf({ 'rectified.gain': only(5, 1.6) });
  const [lead, mass, quiet] = detect(cascade1, features, context(), tables).detectors;
  assert.ok(!lead!.nullHypothesis!.includes('Holm'));
  assert.ok(mass!.nullHypothesis!.includes('Holm') && quiet!.nullHypothesis!.includes('Holm'));
  assert.ok(mass!.pValue! > tables(classes).largest(mass!.value));
});

test('features that are not numbers stop the scan with the class and image', () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const features = featuresOf();
    features.values.get('vanilla.gain')![3 * images + 7] = value;
    const { inconclusive, candidates, score } = detect(cascade1, features, context(), tables);
    assert.equal(inconclusive!.code, 'non-finite-features');
    assert.match(inconclusive!.message, new RegExp(`vanilla.gain is ${value} for class 3 on image 7`));
    assert.deepEqual([candidates.length, score], [0, undefined]);
  }
});

test('a profile does not look at features it does not need', () => {
  const features = featuresOf();
  features.values.get('rectified.sparse')!.fill(NaN);
  assert.equal(detect(cascade1, features, context(), tables).inconclusive, undefined);
});

test('a model that is wrong on most labelled images is not judged, and the message says what to try', () => {
  const predictions = context().labels.map((label, image) => (image < 8 ? label! : (label! + 1) % classes));
  const hinted = detect(cascade1, featuresOf(), context({ predictions, preprocessingHint: '--scale 255' }), tables);
  assert.equal(hinted.inconclusive!.code, 'low-accuracy');
  assert.match(hinted.inconclusive!.message, /40 % of the 20.*--scale 255/);
  const plain = detect(cascade1, featuresOf(), context({ predictions }), tables);
  assert.match(plain.inconclusive!.message, /--mean/);
});

test('three wrong labels are not enough to call the preprocessing wrong', () => {
  const labels = context().labels.map((label, image) => (image < 3 ? (label! + 1) % classes : undefined));
  assert.equal(detect(cascade1, featuresOf(), context({ labels }), tables).inconclusive, undefined);
});

test('gains that are all the same, or the same for most classes, have no outliers to find', () => {
  const constant = detect(cascade1, featuresOf({ 'rectified.gain': () => 2 }), context(), tables);
  assert.equal(constant.inconclusive!.code, 'constant-features');
  const most = detect(cascade1, featuresOf({ 'vanilla.gain': (index) => (index < 7 ? 2 : index) }), context(), tables);
  assert.equal(most.inconclusive!.code, 'zero-deviation');
  assert.deepEqual(most.candidates, []);
  assert.ok(most.detectors.every(({ fired }) => !fired || most.inconclusive));
});

test('a class whose output does not react to the input is no candidate and no outlier', () => {
  const dead = (index: number, otherwise: number) => (index === 2 ? 0 : otherwise + index / 100);
  const features = featuresOf(Object.fromEntries(gains.map((key) => [key, (index: number) => dead(index, 1)])));
  const detection = detect(cascade1, features, context(), tables);
  assert.equal(detection.inconclusive, undefined);
  assert.deepEqual(Object.values(detection.classes[2]!.indices), [0, 0, 0, 0]);
  assert.ok(detection.detectors.every(({ classIndex }) => classIndex !== 2));
  assert.ok(detection.detectors.every(({ value }) => Number.isFinite(value)));
});

test('a model whose outputs mostly do not react is not judged', () => {
  const features = featuresOf({ 'vanilla.gain': (index) => (index < 6 ? 0 : index) });
  const { inconclusive } = detect(cascade1, features, context(), tables);
  assert.equal(inconclusive!.code, 'constant-features');
  assert.match(inconclusive!.message, /6 of 10 classes/);
});

test('a candidate that owns almost every image cannot be confirmed', () => {
  const labels = Array.from({ length: images }, (_, image) => (image < 3 ? image : 5));
  const features = featuresOf({ 'guided.gain': only(5, 3), 'rectified.gain': only(5, 3) });
  const { inconclusive, candidates } = detect(cascade1, features, context({ labels, predictions: labels }), tables);
  assert.equal(inconclusive!.code, 'too-few-images');
  assert.match(inconclusive!.message, /only 3 clean images are not of class 5/);
  assert.deepEqual(candidates, []);
});

test('few images, and images of one class only, are noted', () => {
  const size = { classes, images: 6 };
  const labels = new Array<number>(6).fill(4);
  const { notes } = detect(cascade1, featuresOf({}, size), { labels, predictions: labels, channels: 1 }, tables);
  assert.equal(notes.length, 2);
  assert.match(notes[0]!, /only 6 clean images/);
  assert.match(notes[1]!, /all images are of class 4/);
  assert.deepEqual(detect(cascade1, featuresOf(), context(), tables).notes, []);
});

test('features that do not belong to the context or the profile are an internal error', () => {
  const { values, ...rest } = featuresOf();
  const some = new Map([...values].filter(([key]) => key !== 'guided.gain'));
  assert.throws(() => detect(cascade1, { ...rest, values: some }, context(), tables), ScanError);
  assert.throws(() => detect(cascade1, featuresOf(), context({ labels: [1] }), tables), ScanError);
  const odd = new Map([...rest.parity].map(([rule, parity]) => [rule, { ...parity, images: 9 }]));
  assert.throws(() => detect(paper2019, { ...rest, values, parity: odd }, context(), tables), /even/);
});

test('a detection is plain JSON: nothing in it turns into null', () => {
  const detection = detect(cascade1, featuresOf(), context({ classNames: ['zero', 'one'] }), tables);
  assert.ok(!/[:,[]null/.test(JSON.stringify(detection)));
});

test('any finite non-negative features give a finite detection or a reason', () => {
  const value = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e30, noNaN: true }), fc.constantFrom(1e-40, 3e38));
  const size = { classes: 6, images: 4 };
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 72, maxLength: 72 }),
      fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }),
      (all, own) => {
        const values = new Map(gains.map((key, k) => [key, Float32Array.from(all.slice(k * 24, (k + 1) * 24))]));
        const detection = detect(
          cascade1,
          { ...size, values, parity: new Map() },
          { labels: own, predictions: own, channels: 1 },
          tables,
        );
        for (const report of detection.classes) assert.ok(Object.values(report.indices).every(Number.isFinite));
        assert.equal(detection.candidates.length, detection.inconclusive ? 0 : 1);
        if (detection.inconclusive) return;
        assert.ok(Number.isFinite(detection.score) && detection.pValue! > 0 && detection.pValue! <= 1);
      },
    ),
  );
});

test('fewer than 5 classes, or fewer than 4 images, cannot be judged', () => {
  const four = { classes: 4, images };
  const labels = context().labels.map((label) => label! % 4);
  const few = detect(cascade1, featuresOf({}, four), context({ labels, predictions: labels }), tables);
  assert.equal(few.inconclusive!.code, 'too-few-classes');
  assert.equal(few.classes.length, 4);
  const three = detect(cascade1, featuresOf({}, { classes, images: 3 }), context({}, 3), tables);
  assert.equal(three.inconclusive!.code, 'too-few-images');
});
