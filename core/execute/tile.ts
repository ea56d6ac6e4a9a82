import type { StaticGraph } from '../onnx/specialise.js';
import { sizeOf } from '../onnx/tensor.js';
import { ScanError } from '../scan/errors.js';

export interface Tile {
  readonly classes: number;
  readonly images: number;
}

/** Bytes of the largest gradient tensor that still run well from the caches; see `bench/`. */
const workingSet = 24 * 2 ** 20;
const mostImages = 10;
/** Gradients alive at one time, in units of the largest: dY, dX, a product, a padded copy, masks. */
const liveGradients = 6;

/**
 * How many classes and images one engine run takes. It depends on the model and the limits alone, never on how many shards
 * or workers there are: equal shapes make equal bits.
 *
 * @param one the model bound to one group of images: `images` of them.
 * @throws ScanError `model-too-large` when not even one class of one image fits.
 */
export function chooseTile(
  one: { readonly graph: StaticGraph; readonly images: number },
  classes: number,
  count: number,
  fixedBatch: number | undefined,
  maxRunBytes: number,
): Tile {
  const weights = sum([...one.graph.graph.initializers.values()].map((tensor) => bytesOf(tensor.dims)));
  const values = one.graph.graph.nodes
    .flatMap((node) => node.outputs)
    .map((name) => bytesOf(one.graph.types.get(name)?.dims ?? []));
  const forward = sum(values) / one.images;
  const largest = Math.max(1, ...values) / one.images;

  const available = maxRunBytes - 2 * weights;
  const runBytes = (images: number, rows: number): number => images * (forward + rows * liveGradients * largest);
  const images =
    fixedBatch ??
    evenSplit(
      count,
      Math.max(
        1,
        Math.min(mostImages, count, Math.floor((available / 2 - forward) / (forward + liveGradients * largest))),
      ),
    );
  if (runBytes(images, 1) > available) {
    throw new ScanError(
      'model-too-large',
      `one class of ${images} image${images === 1 ? '' : 's'} needs about ${mebibytes(runBytes(images, 1) + 2 * weights)} MiB, ` +
        `more than the ${mebibytes(maxRunBytes)} MiB a run may take; raise --max-memory`,
    );
  }
  const byMemory = Math.floor((available / images - forward) / (liveGradients * largest));
  const byCache = Math.floor(workingSet / (images * largest));
  return { images, classes: evenSplit(classes, Math.max(1, Math.min(byMemory, Math.max(byCache, 4), classes))) };
}

/** The size of equal parts of at most `most`: 43 in parts of at most 20 gives 15, 15, 13. */
function evenSplit(total: number, most: number): number {
  return Math.ceil(total / Math.ceil(total / most));
}

function bytesOf(dims: readonly number[]): number {
  return 4 * sizeOf(dims);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
