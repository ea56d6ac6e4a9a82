import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planSaliency } from '../../../core/pipeline/shard-plan.js';
import { parseTaskId } from '../../../core/pipeline/task-id.js';
import { taskId, type Work } from '../../../core/pipeline/task.js';
import type { Inspection } from '../../../core/scan/features.js';
import { paper2019 } from '../../../core/scan/profiles.js';
import { orderOf } from './fake-worker.js';

const scanId = 'a'.repeat(64);

const cases: readonly [string, Partial<Inspection>, number, readonly [number, number]][] = [
  ['ten digits', { classes: 10, channels: 1, height: 28, width: 28, tile: { classes: 10, images: 3 } }, 50, [1, 1]],
  [
    '43 traffic signs',
    { classes: 43, channels: 3, height: 32, width: 32, tile: { classes: 43, images: 3 } },
    50,
    [1, 1],
  ],
  [
    'ImageNet',
    { classes: 1000, channels: 3, height: 224, width: 224, tile: { classes: 16, images: 5 } },
    50,
    [200, 400],
  ],
];
for (const [name, inspection, images, [least, most]] of cases) {
  test(`${name}: between ${least} and ${most} shards`, () => {
    const shards = plan(inspection, images);
    assert.ok(shards.length >= least && shards.length <= most, `${shards.length} shards`);
  });
}

test('a large model spreads over all workers that the hint names; a small one does not', () => {
  const tile = { classes: 5, images: 1 };
  const middle = { classes: 100, channels: 3, height: 128, width: 128, tile };
  assert.ok(plan(middle, 20, { workers: 64 }).length >= 64);
  assert.equal(plan({ ...middle, height: 32, width: 32 }, 20, { workers: 64 }).length, 1);
});

test('a result fits in a message, bit maps of a thousand classes included', () => {
  const inspection = { classes: 1000, channels: 1, height: 512, width: 512, tile: { classes: 8, images: 10 } };
  for (const { classes, images } of plan(inspection, 10, {}, true)) {
    const rows = classes.end - classes.start;
    const bytes = rows * ((512 * 512) / 8 + 2 * 4 * (images.end - images.start));
    assert.ok(bytes <= 4 * 2 ** 20, `${bytes} bytes`);
  }
});

test('every class and image is in one shard, and the same request gives the same plan', () => {
  fc.assert(
    fc.property(
      fc.record({
        classes: fc.integer({ min: 1, max: 2000 }),
        images: fc.integer({ min: 1, max: 60 }),
        side: fc.integer({ min: 1, max: 400 }),
        tile: fc.record({ classes: fc.integer({ min: 1, max: 50 }), images: fc.integer({ min: 1, max: 20 }) }),
        workers: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
      }),
      ({ classes, images, side, tile, workers }) => {
        const inspection = { classes, channels: 3, height: side, width: side, tile };
        const shards = plan(inspection, images, { workers });
        assert.deepEqual(plan(inspection, images, { workers }), shards);
        assert.ok(shards.length <= 2100);
        const covered = new Uint8Array(classes * images);
        for (const shard of shards) {
          for (let row = shard.classes.start; row < shard.classes.end; row++) {
            for (let column = shard.images.start; column < shard.images.end; column++)
              covered[row * images + column]!++;
          }
        }
        assert.ok(covered.every((count) => count === 1));
      },
    ),
    { numRuns: 100 },
  );
});

test('a task id says what the task is about', () => {
  const works: readonly Work[] = [
    { stage: 'inspect' },
    { stage: 'confirm', classIndex: 12 },
    {
      stage: 'saliency',
      shard: { id: `${scanId}/0-5x10-20`, classes: { start: 0, end: 5 }, images: { start: 10, end: 20 } },
    },
  ];
  for (const work of works) assert.deepEqual(parseTaskId(taskId(scanId, work)), { scanId, work });
  for (const id of [
    '',
    'x',
    `${scanId}/`,
    `${scanId}/confirm-01`,
    `${scanId}/5-5x0-1`,
    `${scanId}/0-1x0-1 `,
    `${scanId}/inspect/x`,
  ]) {
    assert.equal(parseTaskId(id), undefined, id);
  }
});

function plan(
  inspection: Partial<Inspection>,
  images: number,
  hint: { workers?: number | undefined } = {},
  persistent = false,
) {
  const order = orderOf({ seed: 'plan' }, persistent ? { profile: paper2019 } : {});
  return planSaliency({ ...order, images: { ...order.images, count: images } }, inspection as Inspection, hint);
}
