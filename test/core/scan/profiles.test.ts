import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorsFor } from '../../../core/detect/detectors/index.js';
import { defaultProfile, profileNamed, profiles } from '../../../core/scan/profiles.js';

test('every built-in profile computes what its detectors need', () => {
  for (const profile of profiles) {
    const computed = new Set(
      profile.saliency.flatMap(({ rule, features }) => features.map((name) => `${rule}.${name}`)),
    );
    for (const { id, needs } of detectorsFor(profile)) {
      for (const key of needs.values) assert.ok(computed.has(key), `${profile.name}: ${id} needs ${key}`);
      for (const rule of needs.parity) assert.ok(computed.has(`${rule}.persistent`), `${profile.name}: ${id}`);
    }
  }
});

test('detectors of a profile have names of their own, and the first one can fire', () => {
  for (const profile of profiles) {
    const detectors = detectorsFor(profile);
    assert.equal(new Set(detectors.map(({ id }) => id)).size, detectors.length);
    assert.ok(detectors[0].threshold !== undefined);
  }
});

test('profiles are found by name, and a wrong name lists the right ones', () => {
  assert.equal(profileNamed(defaultProfile.name), defaultProfile);
  assert.throws(() => profileNamed('paper'), /cascade-1, paper-2019/);
});
