import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, profileHash, scanId } from '../../../core/scan/scan-id.js';
import { profile } from './fake-runner.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const settings = { profile, preprocessing: { mean: [0.5], std: [0.25] }, selection: {} };

test('the order in which settings are written does not change the hash', () => {
  assert.equal(
    profileHash(sha256, settings),
    profileHash(sha256, {
      selection: { logitsName: undefined },
      preprocessing: { std: [0.25], mean: [0.5] },
      profile: Object.fromEntries(Object.entries(profile).reverse()) as unknown as typeof profile,
    }),
  );
});

test('every setting that can change a verdict changes the hash', () => {
  const hashes = [
    settings,
    { ...settings, preprocessing: { mean: [0.5], std: [0.5] } },
    { ...settings, preprocessing: { mean: [0.5], std: [0.25], layout: 'NHWC' as const } },
    { ...settings, selection: { inputName: 'x' } },
    { ...settings, profile: { ...profile, images: 49 } },
    { ...settings, profile: { ...profile, version: 2 } },
  ].map((each) => profileHash(sha256, each));
  assert.equal(new Set(hashes).size, hashes.length);
});

test('a scan id is 64 hex digits of model, images and profile', () => {
  const parts = { modelDigest: 'sha256:aa', imagesDigest: 'sha256:bb', profileHash: 'cc' };
  const id = scanId(sha256, parts);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(id, scanId(sha256, { ...parts }));
  for (const key of Object.keys(parts)) assert.notEqual(id, scanId(sha256, { ...parts, [key]: 'other' }));
});

test('canonical JSON is JSON, whatever the key order', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      assert.equal(canonicalJson(value), canonicalJson(reversed));
      assert.equal(JSON.stringify(JSON.parse(canonicalJson(value))).length, JSON.stringify(value).length);
    }),
  );
});

test('what JSON cannot say is refused instead of hashed as null', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, new Float32Array(2), () => 0, new Map()]) {
    assert.throws(() => canonicalJson({ value }), /cannot be hashed/);
  }
});
