import type { StaticGraph } from '../onnx/specialise.js';
import { sizeOf } from '../onnx/tensor.js';
import { ScanError } from '../scan/errors.js';
import type { SaliencyRuleName } from '../scan/features.js';
import { imageFreeShare } from './image-free.js';
import { isLinear, variableInputs } from './linear.js';

export interface Tile {
  readonly classes: number;
  readonly images: number;
}

/** How a scan is cut into engine runs. */
export interface RunShapes {
  /** What a plan never cuts: whole runs of every rule. */
  readonly tile: Tile;
  /** What one engine run takes at most, within a tile. */
  readonly runs: Readonly<Record<SaliencyRuleName, Tile>>;
  /** Images of a run of one class, or of none. */
  readonly batch: number;
  /** Images of one class that the memory allows. */
  readonly mostImages: number;
}

/**
 * Bytes of the largest gradient tensor of a run (classes x images x one). More images are taken only below the first bound,
 * the size of a second-level cache; more classes below the second, or up to `enoughClasses`: they share the forward pass,
 * which is hardly seen from there on. `docs/benchmarks.md` has the measurements behind the numbers of this file.
 */
const bytesForImages = 2 * 2 ** 20;
const bytesForClasses = 8 * 2 ** 20;
const enoughClasses = 16;
/** Images of a run whose backward pass is mostly shared between images, where that leaves enough tiles to work side by side. */
const sharingImages = 5;
const enoughTiles = 16;
const usefulImages = 10;
/** Gradients alive at one time, in units of the largest: dY, dX, a product, a padded copy, masks. */
const liveGradients = 4;

/**
 * How many classes and images one engine run takes. It depends on the model and the limits alone, never on how many shards
 * or workers there are: equal shapes make equal bits.
 *
 * @param one the model bound to one group of images: `images` of them.
 * @throws ScanError `model-too-large` when not even one class of one image fits.
 */
export function chooseRunShapes(
  one: OneGroup,
  classes: number,
  count: number,
  fixedBatch: number | undefined,
  maxRunBytes: number,
): RunShapes {
  const { weights, forward, gradient } = costsOf(one);

  const available = maxRunBytes - 2 * weights;
  const fewest = fixedBatch ?? 1;
  const needed = fewest * (forward + liveGradients * gradient);
  if (needed > available) {
    throw new ScanError(
      'model-too-large',
      `one class of ${fewest} image${fewest === 1 ? '' : 's'} needs about ${mebibytes(needed + 2 * weights)} MiB, ` +
        `more than the ${mebibytes(maxRunBytes)} MiB a run may take; raise --max-memory`,
    );
  }
  const imagesThatFit = (rows: number): number =>
    Math.max(1, Math.floor(available / (forward + rows * liveGradients * gradient)));
  const classesThatFit = (images: number): number =>
    Math.max(1, Math.floor((available / images - forward) / (liveGradients * gradient)));
  const usefulClasses = Math.min(classes, Math.max(enoughClasses, Math.floor(bytesForClasses / gradient)));

  const batch = fixedBatch ?? evenSplit(count, Math.min(count, usefulImages, imagesThatFit(1)));
  const narrowClasses = Math.min(usefulClasses, classesThatFit(fewest));
  const narrow: Tile = {
    classes: narrowClasses,
    images:
      fixedBatch ??
      Math.max(
        1,
        Math.min(batch, imagesThatFit(narrowClasses), Math.floor(bytesForImages / (narrowClasses * gradient))),
      ),
  };
  const sharing = fixedBatch === undefined && imageFreeShare(one.graph, one.logitsName) > 0.5;
  const columns = Math.ceil(classes / narrow.classes);
  const shared = Math.min(sharingImages, batch, Math.floor((count * columns) / enoughTiles));
  const images = sharing ? Math.max(narrow.images, shared) : narrow.images;
  const tile = { classes: evenSplit(classes, narrow.classes), images: fixedBatch ?? evenSplit(count, images) };
  const eager = { classes: tile.classes, images: largestDivisor(tile.images, narrow.images) };
  const lazy = {
    classes: evenSplit(tile.classes, Math.min(tile.classes, classesThatFit(tile.images))),
    images: tile.images,
  };
  return {
    tile,
    batch,
    mostImages: fixedBatch ?? imagesThatFit(1),
    runs: { vanilla: eager, guided: eager, rectified: sharing ? lazy : eager },
  };
}

/** About how many bytes the tensors of one engine run of a tile take, weights included. */
export function runBytes(one: OneGroup, { classes, images }: Tile): number {
  const { weights, forward, gradient } = costsOf(one);
  return 2 * weights + images * (forward + classes * liveGradients * gradient);
}

/** A model bound to one group of images. */
interface OneGroup {
  readonly graph: StaticGraph;
  readonly images: number;
  readonly logitsName: string;
}

/** Bytes of the weights, and for one image of the kept forward values and of the largest gradient of one class. */
function costsOf(one: OneGroup): { weights: number; forward: number; gradient: number } {
  const weights = sum([...one.graph.graph.initializers.values()].map((tensor) => bytesOf(tensor.dims)));
  const { retained, largest } = forwardBytes(one.graph);
  return { weights, forward: retained / one.images, gradient: largest / one.images };
}

/** Bytes of the forward values that are kept for the backward pass, and of the largest value. */
function forwardBytes({ graph, types }: StaticGraph): { retained: number; largest: number } {
  const kept = new Set<string>();
  let largest = 1;
  for (const node of graph.nodes) {
    if (!isLinear(node, graph)) for (const name of [...variableInputs(node, graph), ...node.outputs]) kept.add(name);
    for (const name of node.outputs) largest = Math.max(largest, bytesOf(types.get(name)?.dims ?? []));
  }
  return { retained: sum([...kept].map((name) => bytesOf(types.get(name)?.dims ?? []))), largest };
}

/** The size of equal parts of at most `most`: 43 in parts of at most 20 gives 15, 15, 13. */
function evenSplit(total: number, most: number): number {
  return Math.ceil(total / Math.ceil(total / most));
}

/** So that a tile is a whole number of runs of one shape: every shape is a program of its own. */
function largestDivisor(total: number, most: number): number {
  let divisor = Math.min(total, most);
  while (total % divisor !== 0) divisor--;
  return divisor;
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
