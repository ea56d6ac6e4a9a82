import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSettings } from '../../../adapters/wire/settings.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { Preprocessing } from '../../../core/scan/images.js';
import { suggestPreprocessings } from '../../../core/scan/preprocessings.js';
import { cascade1, paper2019, profiles } from '../../../core/scan/profiles.js';
import { canonicalJson, profileHash, type ScanSettings } from '../../../core/scan/scan-id.js';
import { preprocessing, sha256 } from './support/arbitraries.js';

test('all settings that the scanner takes come through, and their hash stays', () => {
  fc.assert(
    fc.property(fc.constantFrom(...profiles), preprocessing, (profile, given) => {
      const settings: ScanSettings = { profile, preprocessing: given, selection: { inputName: 'x' } };
      const text = canonicalJson(settings);
      assert.deepStrictEqual(parseSettings(text), settings);
      assert.equal(profileHash(sha256, parseSettings(text)), sha256(text));
    }),
  );
  for (const { preprocessing: suggested } of suggestPreprocessings({}, 3)) {
    assert.deepEqual(parseSettings(textOf({ preprocessing: suggested })).preprocessing, withoutUndefined(suggested));
  }
});

test('a setting that is out of bounds, missing or unknown is refused by name', () => {
  const cases: readonly (readonly [settings: unknown, name: RegExp])[] = [
    [{ ...settings(), other: 1 }, /other/],
    [{ profile: cascade1, preprocessing: {} }, /selection/],
    [{ ...settings(), profile: { ...cascade1, images: 0 } }, /profile.images/],
    [{ ...settings(), profile: { ...cascade1, images: 1.5 } }, /profile.images/],
    [{ ...settings(), profile: { ...cascade1, name: 'n'.repeat(201) } }, /profile.name/],
    [{ ...settings(), profile: { ...cascade1, saliency: [] } }, /profile.saliency/],
    [{ ...settings(), profile: { ...cascade1, saliency: [{ rule: 'other', features: ['gain'] }] } }, /rule/],
    [{ ...settings(), profile: { ...paper2019, saliency: twice(paper2019.saliency) } }, /rule twice/],
    [{ ...settings(), profile: { ...cascade1, method: { kind: 'other' } } }, /method/],
    [{ ...settings(), profile: { ...paper2019, method: { ...paper2019.method, gainThreshold: 2 } } }, /gainThreshold/],
    [{ ...settings(), preprocessing: { resize: [0, 32] } }, /resize/],
    [{ ...settings(), preprocessing: { resize: [32] } }, /resize/],
    [{ ...settings(), preprocessing: { mean: new Array(65).fill(0) } }, /mean/],
    [{ ...settings(), preprocessing: { channels: 'cmyk' } }, /channels/],
    [{ ...settings(), selection: { inputName: 'n'.repeat(16_385) } }, /inputName/],
    [{ ...settings(), selection: { inputName: 'n'.repeat(65_536) } }, /longer than 65536/],
  ];
  for (const [value, name] of cases) {
    assert.throws(
      () => parseSettings(canonicalJson(value)),
      (error) => error instanceof ScanError && error.code === 'message-malformed' && name.test(error.message),
      name.source,
    );
  }
});

test('a text that is not canonical is refused, because its hash would name another scan', () => {
  const text = textOf({});
  for (const other of [
    `${text}\n`,
    text.replace('{', '{ '),
    text.replace('"gainThreshold":2', '"gainThreshold":2.0'),
    text.replace('"gainThreshold":2', '"gainThreshold":1,"gainThreshold":2'),
    JSON.stringify({ selection: {}, profile: cascade1, preprocessing: {} }),
  ]) {
    assert.notEqual(other, text);
    assert.throws(() => parseSettings(other), /not canonical/);
  }
});

function settings(): ScanSettings {
  return { profile: cascade1, preprocessing: {}, selection: {} };
}

function textOf(change: Partial<ScanSettings>): string {
  return canonicalJson({ ...settings(), ...change });
}

function twice<T>(items: readonly T[]): T[] {
  return [...items, ...items];
}

function withoutUndefined(value: Preprocessing): Preprocessing {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
