import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEvidence, encodeEvidence } from '../../../adapters/wire/evidence.js';
import { stringifyExact } from '../../../adapters/wire/json.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { Evidence, Plane } from '../../../core/scan/result.js';
import { samples } from '../../support/sample-results.js';
import { evidenceSummary } from './support/arbitraries.js';

const plane: fc.Arbitrary<Plane> = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .chain(([height, width]) =>
    fc
      .float32Array({ minLength: height * width, maxLength: height * width })
      .map((data) => ({ dims: [height, width], data })),
  );
const classIndex = fc.nat(99_999);
const evidence: fc.Arbitrary<Evidence> = fc
  .tuple(evidenceSummary, fc.array(plane, { minLength: 5, maxLength: 5 }), fc.string(), classIndex)
  .map(([summary, [mask, pattern, map, clean, triggered], name, other]) => ({
    ...summary,
    trigger: { ...summary.trigger, mask: mask!, pattern: pattern! },
    heatmaps: [{ classIndex: other, role: 'typical', map: map! }],
    samples: [{ name, clean: clean!, triggered: triggered!, cleanClass: other, triggeredClass: -1 }],
  }));

test('evidence comes back bit by bit, pictures included', () => {
  fc.assert(
    fc.property(evidence, (given) => {
      assert.deepStrictEqual(decodeEvidence(encodeEvidence(given)), given);
    }),
  );
  const [real] = samples.backdoored.evidence;
  assert.deepEqual(decodeEvidence(encodeEvidence(real!)), real);
});

test('members of a newer version are skipped', () => {
  const [real] = samples.backdoored.evidence;
  const newer = { ...real, more: 1, trigger: { ...real!.trigger, more: { deep: [1] } } };
  assert.deepEqual(decodeEvidence(Buffer.from(stringifyExact(newer))), real);
});

test('evidence that does not fit together is refused', () => {
  const real = samples.backdoored.evidence[0]!;
  const { trigger } = real;
  for (const damaged of [
    { ...real, classIndex: -1 },
    { ...real, trigger: { ...trigger, mask: { dims: [2, 2], data: new Float32Array(3) } } },
    { ...real, trigger: { ...trigger, mask: { dims: [2, 2], data: [1, 2, 3, 4] } } },
    { ...real, trigger: { ...trigger, mask: { dims: [0, 2], data: new Float32Array() } } },
    { ...real, trigger: { ...trigger, energy: 'low' } },
    { ...real, heatmaps: Array.from({ length: 65 }, () => real.heatmaps[0]) },
    { ...real, samples: undefined },
  ]) {
    assert.throws(
      () => decodeEvidence(Buffer.from(stringifyExact(damaged))),
      (error) => error instanceof ScanError && error.code === 'message-malformed',
    );
  }
});
