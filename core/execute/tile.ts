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
  const { retained, largest } = forwardBytes(one.graph);
  const forward = retained / one.images;
  const gradient = largest / one.images;

  const available = maxRunBytes - 2 * weights;
  const runBytes = (images: number, rows: number): number => images * (forward + rows * liveGradients * gradient);
  const images =
    fixedBatch ??
    evenSplit(
      count,
      Math.max(
        1,
        Math.min(mostImages, count, Math.floor((available / 2 - forward) / (forward + liveGradients * gradient))),
      ),
    );
  if (runBytes(images, 1) > available) {
    throw new ScanError(
      'model-too-large',
      `one class of ${images} image${images === 1 ? '' : 's'} needs about ${mebibytes(runBytes(images, 1) + 2 * weights)} MiB, ` +
        `more than the ${mebibytes(maxRunBytes)} MiB a run may take; raise --max-memory`,
    );
  }
  const byMemory = Math.floor((available / images - forward) / (liveGradients * gradient));
  const byCache = Math.floor(workingSet / (images * gradient));
  return { images, classes: evenSplit(classes, Math.max(1, Math.min(byMemory, Math.max(byCache, 4), classes))) };
}

/** Ops whose backward needs neither their inputs nor their outputs, as long as all inputs but one are constant. */
const linear = new Set([
  'AveragePool',
  'BatchNormalization',
  'Cast',
  'Concat',
  'Conv',
  'ConvTranspose',
  'DepthToSpace',
  'Div',
  'Expand',
  'Flatten',
  'Gather',
  'Gemm',
  'GlobalAveragePool',
  'Identity',
  'MatMul',
  'Mul',
  'Pad',
  'ReduceMean',
  'ReduceSum',
  'Reshape',
  'Resize',
  'Slice',
  'SpaceToDepth',
  'Split',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);
/** Linear in all of their inputs. */
const additive = new Set(['Add', 'Concat', 'Mean', 'Sub', 'Sum']);

/** Bytes of the forward values that are kept for the backward pass, and of the largest value. */
function forwardBytes({ graph, types }: StaticGraph): { retained: number; largest: number } {
  const kept = new Set<string>();
  let largest = 1;
  for (const node of graph.nodes) {
    const variable = node.inputs.filter((name) => name && !graph.initializers.has(name));
    const forgets = additive.has(node.op) || (linear.has(node.op) && variable.length <= 1);
    for (const name of forgets ? [] : [...variable, ...node.outputs]) kept.add(name);
    for (const name of node.outputs) largest = Math.max(largest, bytesOf(types.get(name)?.dims ?? []));
  }
  return { retained: sum([...kept].map((name) => bytesOf(types.get(name)?.dims ?? []))), largest };
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
