import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sideBySide } from '../../../core/plan/side-by-side.js';

test('results stand in the order of the items whatever finishes first', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 30 }), fc.integer({ min: 1, max: 8 }), async (delays, lanes) => {
      const results = await sideBySide([...delays.entries()], { most: lanes }, async ([index, turns]) => {
        for (let i = 0; i < turns; i++) await Promise.resolve();
        return index;
      });
      assert.deepEqual(results, [...delays.keys()]);
    }),
  );
});

test('no more than the allowed number runs at a time', async () => {
  let running = 0;
  let most = 0;
  await sideBySide(Array.from({ length: 20 }), { most: 3 }, async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  });
  assert.equal(most, 3);
});

test('the first failure is thrown after what runs has ended, and nothing new starts', async () => {
  const events: string[] = [];
  await assert.rejects(
    sideBySide(['fails', 'slow', 'never started'], { most: 2 }, async (item) => {
      events.push(`start ${item}`);
      await new Promise((resolve) => setImmediate(resolve));
      if (item === 'fails') throw new Error('broken');
      await new Promise((resolve) => setImmediate(resolve));
      events.push(`end ${item}`);
    }),
    /broken/,
  );
  assert.deepEqual(events, ['start fails', 'start slow', 'end slow']);
});

test('once stopped, nothing new is started', async () => {
  let done = 0;
  await sideBySide([1, 2, 3], { most: 1, stopped: () => done === 1 }, () => {
    done++;
    return Promise.resolve();
  });
  assert.equal(done, 1);
});

test('further lanes open when they are worth it', async () => {
  let running = 0;
  let most = 0;
  let open = nothing;
  const results = await sideBySide(
    [0, 1, 2, 3, 4, 5],
    { most: 3, later: (start) => ((open = start), nothing) },
    async (item) => {
      most = Math.max(most, ++running);
      if (item === 1) {
        assert.equal(most, 1);
        open();
      }
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return item;
    },
  );
  assert.deepEqual(results, [0, 1, 2, 3, 4, 5]);
  assert.equal(most, 3);
});

test('what was to open further lanes is called off when all is done', async () => {
  let calledOff = 0;
  await sideBySide([1, 2], { most: 2, later: () => () => calledOff++ }, () => Promise.resolve());
  assert.equal(calledOff, 1);
});

function nothing(): void {
  // Stands for a call that is of no interest here.
}
