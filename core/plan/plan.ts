import { ScanError } from '../scan/errors.js';
import type { Range, Shard } from '../scan/features.js';

export interface PlanRequest {
  readonly scanId: string;
  readonly classes: number;
  readonly images: number;
  /** Engine-run shape of the inspection. A tile is never cut, so its numbers do not depend on the plan. */
  readonly tile: { readonly classes: number; readonly images: number };
  /** How many shards can run side by side; default 1. */
  readonly workers?: number | undefined;
  /** Asks for this many shards instead of the number the cost model chooses; never more than there are tiles. */
  readonly shards?: number | undefined;
}

/**
 * Cuts a scan into shards: rectangles of whole tiles that cover classes x images exactly once, in class-major order.
 * The same request gives the same plan.
 *
 * Cost model: every tile takes the same time, because each one runs forward for its images and backward for its classes
 * and is executed at the same shape. A plan of p x q shards on w workers then takes
 * `ceil(p q / w) * ceil(classTiles / p) * ceil(imageTiles / q)` tiles; the smallest wins, ties go to fewer shards.
 *
 * @throws ScanError `internal` when a count is not a positive integer.
 */
export function planShards(request: PlanRequest): Shard[] {
  const { scanId, classes, images, tile, workers = 1 } = request;
  for (const [name, count] of Object.entries({
    classes,
    images,
    'tile.classes': tile.classes,
    'tile.images': tile.images,
    workers,
    shards: request.shards ?? 1,
  })) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new ScanError('internal', `cannot plan a scan: ${name} is ${count}, not a positive integer`);
    }
  }
  const rows = Math.ceil(classes / tile.classes);
  const columns = Math.ceil(images / tile.images);
  const wanted = Math.min(rows * columns, request.shards ?? chooseCount(rows * columns, workers));
  const [p, q] = chooseGrid(rows, columns, wanted, workers);
  return cut(rows, p).flatMap((row) =>
    cut(columns, q).map((column) => {
      const shard = { classes: scaled(row, tile.classes, classes), images: scaled(column, tile.images, images) };
      return { id: shardId(scanId, shard.classes, shard.images), ...shard };
    }),
  );
}

export function shardId(scanId: string, classes: Range, images: Range): string {
  return `${scanId}/${classes.start}-${classes.end}x${images.start}-${images.end}`;
}

/** Enough shards that a slow worker does not hold up the others at the end, and that progress is seen to move. */
const shardsPerWorker = 4;
/** Bounds what a lost shard costs and how long one keeps a worker. */
const maxTilesPerShard = 16;

function chooseCount(tiles: number, workers: number): number {
  return Math.max(workers * shardsPerWorker, Math.ceil(tiles / maxTilesPerShard));
}

function chooseGrid(rows: number, columns: number, wanted: number, workers: number): readonly [number, number] {
  let best: { cost: number; grid: readonly [number, number] } | undefined;
  for (let p = 1; p <= Math.min(rows, wanted); p++) {
    const q = Math.min(columns, Math.ceil(wanted / p));
    if (p * q < wanted && p < rows) continue;
    const cost = Math.ceil((p * q) / workers) * Math.ceil(rows / p) * Math.ceil(columns / q);
    if (best === undefined || cost < best.cost || (cost === best.cost && p * q < best.grid[0] * best.grid[1])) {
      best = { cost, grid: [p, q] };
    }
  }
  return best?.grid ?? [rows, columns];
}

/** `parts` ranges over 0..length whose lengths differ by one at most. */
function cut(length: number, parts: number): Range[] {
  return Array.from({ length: parts }, (_, part) => ({
    start: Math.floor((part * length) / parts),
    end: Math.floor(((part + 1) * length) / parts),
  }));
}

function scaled(range: Range, size: number, limit: number): Range {
  return { start: range.start * size, end: Math.min(range.end * size, limit) };
}
