import { intOf, intsOf } from '../attributes.js';
import { input, malformed, integersAt } from './call.js';
import type { OpCall, ShapeRule } from './call.js';
import { imageDims } from './conv.js';
import { slidingWindows } from './windows.js';

/** MaxPool has the indices of the maxima as an optional second output. */
export const maxPool: ShapeRule = (call) => {
  const pooled = pool(call)[0]!;
  return [pooled, { dtype: 'int64', dims: pooled.dims }];
};

export const pool: ShapeRule = (call) => {
  const data = input(call, 0);
  const [batch, channels, ...spatial] = imageDims(call, data);
  const { output } = slidingWindows(call, spatial, kernelShape(call));
  return [{ dtype: data.dtype, dims: [batch, channels, ...output] }];
};

export const globalPool: ShapeRule = (call) => {
  const data = input(call, 0);
  const [batch, channels, ...spatial] = imageDims(call, data);
  return [{ dtype: data.dtype, dims: [batch, channels, ...spatial.map(() => 1)] }];
};

export const maxUnpool: ShapeRule = (call) => {
  const data = input(call, 0);
  const given = integersAt(call, 2);
  if (given !== undefined) return [{ dtype: data.dtype, dims: given }];
  const [batch, channels, ...spatial] = imageDims(call, data);
  const kernel = kernelShape(call);
  const strides = intsOf(call.node, 'strides', undefined) ?? kernel.map(() => 1);
  const pads = intsOf(call.node, 'pads', undefined) ?? [...kernel, ...kernel].map(() => 0);
  const output = spatial.map((size, i) => (size - 1) * strides[i]! + kernel[i]! - pads[i]! - pads[i + spatial.length]!);
  return [{ dtype: data.dtype, dims: [batch, channels, ...output] }];
};

/** One result per region of interest: rois [R, 5]. */
export const maxRoiPool: ShapeRule = (call) => {
  const [data, rois] = [input(call, 0), input(call, 1)];
  return [
    { dtype: data.dtype, dims: [rois.dims[0] ?? 0, data.dims[1] ?? 0, ...intsOf(call.node, 'pooled_shape', [])] },
  ];
};

export const roiAlign: ShapeRule = (call) => {
  const [data, rois] = [input(call, 0), input(call, 1)];
  const [height, width] = [intOf(call.node, 'output_height', 1), intOf(call.node, 'output_width', 1)];
  return [{ dtype: data.dtype, dims: [rois.dims[0] ?? 0, data.dims[1] ?? 0, height, width] }];
};

function kernelShape(call: OpCall): readonly number[] {
  const kernel = intsOf(call.node, 'kernel_shape', undefined);
  if (kernel === undefined) throw malformed(call, 'lacks the attribute "kernel_shape"');
  return kernel;
}

export const poolShapes: Readonly<Record<string, ShapeRule>> = {
  MaxPool: maxPool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  MaxUnpool: maxUnpool,
  MaxRoiPool: maxRoiPool,
  RoiAlign: roiAlign,
};
