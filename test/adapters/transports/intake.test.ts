import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPositions } from '../../../adapters/transports/intake/positions.js';
import { spread } from '../../../adapters/transports/intake/spread.js';

test('what may be committed is never beyond a message that is not handled, and all of it once all are', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(1000), { maxLength: 40 }),
      fc.infiniteStream(fc.nat()),
      fc.bigInt(0n, 10n),
      (numbers, choices, base) => {
        const offsets = numbers.sort((a, b) => a - b).map((number) => BigInt(number) + base);
        const positions = createPositions(base);
        assert.equal(positions.lowWater, base);
        for (const offset of offsets) positions.take(offset);
        const open = [...offsets];
        while (open.length > 0) {
          assert.equal(positions.lowWater, open[0]);
          const [settled] = open.splice(choices.next().value % open.length, 1);
          positions.settle(settled!);
        }
        assert.equal(positions.lowWater, positions.next);
        assert.equal(positions.next, offsets.length === 0 ? base : offsets.at(-1)! + 1n);
      },
    ),
  );
});

test('an offset that was taken before is refused', () => {
  const positions = createPositions(5n);
  positions.take(7n);
  assert.throws(() => {
    positions.take(7n);
  }, RangeError);
});

test('partitions are spread evenly, each to one member, and members keep what their share allows', () => {
  const claims = fc.array(fc.uniqueArray(fc.nat(29), { maxLength: 20 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.nat(30), claims, (count, owned) => {
      const partitions = Array.from({ length: count }, (_, index) => index);
      const shares = spread(partitions, new Map(owned.entries()));
      assert.deepEqual(
        [...shares.values()].flat().sort((a, b) => a - b),
        partitions,
      );
      const sizes = [...shares.values()].map((share) => share.length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      // Spreading what is spread already moves nothing.
      assert.deepEqual(spread(partitions, shares), shares);
      const taken = new Set<number>();
      for (const [member, claimed] of owned.entries()) {
        const valid = claimed.filter((partition) => partition < count && !taken.has(partition));
        for (const partition of valid) taken.add(partition);
        const share = shares.get(member)!;
        const kept = share.filter((partition) => valid.includes(partition)).length;
        assert.ok(kept >= Math.min(valid.length, Math.floor(count / owned.length)), 'gave up more than it had to');
      }
    }),
  );
});

test('who has less of other topics gets the larger share', () => {
  const shares = spread([0, 1, 2], new Map([['a', []], ['b', []]]), new Map([['a', 2], ['b', 1]])); // prettier-ignore
  assert.deepEqual([shares.get('a')!.length, shares.get('b')!.length], [1, 2]);
});
