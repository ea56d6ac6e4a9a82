import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planShards } from '../../../core/plan/plan.js';
import { planRequests } from './arbitraries.js';

test('every class of every image is in exactly one shard', () => {
  fc.assert(
    fc.property(planRequests, (request) => {
      const covered = new Uint8Array(request.classes * request.images);
      for (const shard of planShards(request)) {
        for (let c = shard.classes.start; c < shard.classes.end; c++) {
          for (let i = shard.images.start; i < shard.images.end; i++) covered[c * request.images + i]! += 1;
        }
      }
      assert.ok(covered.every((times) => times === 1));
    }),
  );
});

test('no shard cuts a tile, so the numbers cannot depend on the plan', () => {
  fc.assert(
    fc.property(planRequests, (request) => {
      for (const { classes, images } of planShards(request)) {
        assert.equal(classes.start % request.tile.classes, 0);
        assert.equal(images.start % request.tile.images, 0);
        assert.ok(classes.end % request.tile.classes === 0 || classes.end === request.classes);
        assert.ok(images.end % request.tile.images === 0 || images.end === request.images);
      }
    }),
  );
});

test('there is work for every worker where there are enough tiles, and ids differ', () => {
  fc.assert(
    fc.property(planRequests, (request) => {
      const shards = planShards({ ...request, shards: undefined });
      const tiles = Math.ceil(request.classes / request.tile.classes) * Math.ceil(request.images / request.tile.images);
      assert.ok(shards.length >= Math.min(request.workers ?? 1, tiles), `${shards.length} shards`);
      assert.equal(new Set(shards.map(({ id }) => id)).size, shards.length);
    }),
  );
});

test('the same request gives the same plan', () => {
  fc.assert(
    fc.property(planRequests, (request) => {
      assert.deepEqual(planShards(request), planShards(request));
    }),
  );
});

test('a shard id reads scan/classes x images', () => {
  const [shard] = planShards({
    scanId: 'ab12',
    classes: 10,
    images: 50,
    tile: { classes: 10, images: 50 },
    workers: 8,
  });
  assert.equal(shard?.id, 'ab12/0-10x0-50');
});

test('a single column of tiles is spread evenly over two workers', () => {
  const shards = planShards({ scanId: 's', classes: 10, images: 50, tile: { classes: 10, images: 5 }, workers: 2 });
  const sizes = shards.map(({ images }) => images.end - images.start);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 5, `uneven: ${sizes.join()}`);
});

test('long scans are cut into short shards', () => {
  const shards = planShards({ scanId: 's', classes: 1000, images: 50, tile: { classes: 8, images: 2 }, workers: 2 });
  for (const { classes, images } of shards) {
    const tiles = Math.ceil((classes.end - classes.start) / 8) * Math.ceil((images.end - images.start) / 2);
    assert.ok(tiles <= 20, `${tiles} tiles in one shard`);
  }
});

test('asking for 50 shards gives about 50, never more than there are tiles', () => {
  const request = { scanId: 's', classes: 43, images: 50, tile: { classes: 1, images: 1 } };
  const { length } = planShards({ ...request, shards: 50 });
  assert.ok(length >= 50 && length <= 60, `${length} shards`);
  assert.equal(planShards({ ...request, shards: 1 }).length, 1);
  assert.equal(planShards({ ...request, tile: { classes: 43, images: 25 }, shards: 50 }).length, 2);
});

test('a nonsense count is refused, not looped over', () => {
  for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => planShards({ scanId: 's', classes: bad, images: 1, tile: { classes: 1, images: 1 } }),
      /classes is .* not a positive integer/,
    );
  }
});
