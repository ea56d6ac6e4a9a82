import { float32, ints, scalar } from '../onnx/tensor.js';
import type { Gradient } from './backward/rule.js';
import type { Emitter } from './emit.js';
import type { ProgramOutput, ProgramSpec } from './program.js';

/**
 * Gradient to saliency map to features (paper, sections "Saliency Map Generation" and "Features Extraction"):
 * h = max over channels of max(gradient, 0); the map m is h scaled to [0, 1]; a constant h gives m = 0.
 */
export function emitMaps(
  emit: Emitter,
  gradient: Gradient,
  inputDims: readonly number[],
  spec: ProgramSpec,
  wanted: readonly ProgramOutput[],
): Map<string, string> {
  const images = inputDims[0]!;
  const channelAxis = spec.layout === 'NCHW' ? 1 : 3;
  const [height, width] = inputDims.filter((_, axis) => axis > 0 && axis !== channelAxis) as [number, number];
  const channels = inputDims[channelAxis]!;
  const lazyImages = gradient.dims[0]!;

  const spatial = inputDims.map((extent, axis) =>
    axis === 0 || (axis === channelAxis && gradient.dims[axis] === 1) ? gradient.dims[axis]! : extent,
  );
  const dims = spec.unit?.some((unit) => unit !== spec.unit![0])
    ? spatial.map((extent, axis) => (axis === channelAxis ? channels : extent))
    : spatial;
  const full = dims.every((extent, axis) => extent === gradient.dims[axis])
    ? gradient.name
    : emit.expand(gradient.name, [1, ...dims]);
  const clipped = emit.op('Relu', [inUnits(emit, full, spec, channelAxis)]);
  const h = emit.op('ReduceMax', [clipped, emit.constant(ints(channelAxis + 1))], { keepdims: 0 });

  const perImage = (value: string): string => (lazyImages === images ? value : emit.expand(value, [1, images]));
  const perPixel = (value: string): string =>
    lazyImages === images ? value : emit.expand(value, [1, images, height, width]);
  const results = new Map<string, string>();
  if (wanted.includes('gain')) results.set('gain', perImage(emit.reduceSum(h, [2, 3])));
  if (wanted.every((output) => output === 'gain')) return results;

  const map = normalise(emit, h);
  if (wanted.includes('heatmap')) results.set('heatmap', perPixel(map));
  if (wanted.includes('sparse')) results.set('sparse', perImage(emit.reduceSum(map, [2, 3])));
  if (wanted.includes('smooth')) results.set('smooth', perImage(laplacianL1(emit, map, lazyImages, height, width)));
  if (wanted.includes('parity')) results.set('parity', parity(emit, perPixel(map), images, spec.threshold ?? 0.5));
  return results;
}

function inUnits(emit: Emitter, gradient: string, spec: ProgramSpec, channelAxis: number): string {
  if (!spec.unit || spec.unit.every((unit) => unit === 1)) return gradient;
  const dims = channelAxis === 1 ? [spec.unit.length, 1, 1] : [spec.unit.length];
  return emit.op('Mul', [gradient, emit.constant(float32(dims, [...spec.unit]), 'unit')]);
}

/** (h - min) / (max - min) over the pixels of each map; 0 where max = min. */
function normalise(emit: Emitter, h: string): string {
  const pixels = emit.constant(ints(2, 3));
  const low = emit.op('ReduceMin', [h, pixels], { keepdims: 1 });
  const range = emit.op('Sub', [emit.op('ReduceMax', [h, pixels], { keepdims: 1 }), low]);
  const flat = emit.op('Equal', [range, emit.constant(scalar(0))]);
  const divisor = emit.op('Where', [flat, emit.constant(scalar(1)), range]);
  return emit.op('Div', [emit.op('Sub', [h, low]), divisor]);
}

/** L1 of the map convolved with the 4-neighbour Laplacian, zeros outside the map. */
function laplacianL1(emit: Emitter, map: string, images: number, height: number, width: number): string {
  const kernel = emit.constant(float32([1, 1, 3, 3], [0, 1, 0, 1, -4, 1, 0, 1, 0]));
  const filtered = emit.op('Conv', [emit.reshape(map, [-1, 1, height, width]), kernel], {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
  });
  return emit.reduceSum(emit.op('Abs', [emit.reshape(filtered, [-1, images, height, width])]), [2, 3]);
}

/** XOR over the chosen images of the maps thresholded at T, as sum mod 2. */
function parity(emit: Emitter, map: string, images: number, threshold: number): string {
  const above = emit.op('Cast', [emit.op('Greater', [map, emit.constant(scalar(threshold))])], { to: 1 });
  const chosen = emit.op('Mul', [above, emit.reshape('chosen', [images, 1, 1])]);
  const count = emit.op('Cast', [emit.reduceSum(chosen, [1])], { to: 6 });
  const odd = emit.op('Mod', [count, emit.constant({ dtype: 'int32', dims: [], data: Int32Array.of(2) })]);
  return emit.op('Cast', [odd], { to: 2 });
}
