import { floatsOf, intsOf, stringOf } from '../attributes.js';
import { axesIn, input, integersAt, malformed, numbersAt, requiredIntegers, requiredNumbers } from './call.js';
import type { OpCall, ShapeRule } from './call.js';

export const resize: ShapeRule = (call) => [{ dtype: input(call, 0).dtype, dims: resizedDims(call) }];

/** Upsample and Resize of opset 10 take scales alone, Resize from opset 11 scales or sizes, from 18 for some axes only. */
function resizedDims(call: OpCall): number[] {
  const { dims } = input(call, 0);
  const sizes = call.opset >= 11 ? (integersAt(call, 3) ?? []) : [];
  const axes = axesIn(call, intsOf(call.node, 'axes', undefined) ?? dims.map((_, axis) => axis), dims.length);
  const result = [...dims];
  if (sizes.length === 0) {
    const scales = scalesOf(call);
    if (scales.length !== axes.length) throw malformed(call, `has ${scales.length} scales for ${axes.length} axes`);
    // Engines multiply in single precision and truncate.
    axes.forEach((axis, i) => (result[axis] = Math.trunc(Math.fround(Math.fround(scales[i]!) * dims[axis]!))));
  } else {
    if (sizes.length !== axes.length) throw malformed(call, `has ${sizes.length} sizes for ${axes.length} axes`);
    const policy = stringOf(call.node, 'keep_aspect_ratio_policy', 'stretch');
    const ratios = axes.map((axis, i) => Math.fround(sizes[i]! / dims[axis]!));
    const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
    axes.forEach((axis, i) => {
      result[axis] = policy === 'stretch' ? sizes[i]! : Math.round(Math.fround(scale * dims[axis]!));
    });
  }
  if (result.some((dim) => !(dim >= 0)))
    throw malformed(call, `resizes [${dims.join(', ')}] to [${result.join(', ')}]`);
  return result;
}

function scalesOf(call: OpCall): readonly number[] {
  if (call.node.op === 'Upsample' && call.opset < 9) return floatsOf(call.node, 'scales', []);
  return (call.opset >= 11 ? numbersAt(call, 2) : requiredNumbers(call, 1)) ?? [];
}

/** X [N, C, spatial in...], grid [N, spatial out..., rank]. */
export const gridSample: ShapeRule = (call) => {
  const [data, grid] = [input(call, 0), input(call, 1)];
  const [batch, channels] = data.dims;
  if (data.dims.length < 3 || grid.dims.length !== data.dims.length || grid.dims.at(-1) !== data.dims.length - 2) {
    throw malformed(call, `cannot sample [${data.dims.join(', ')}] at [${grid.dims.join(', ')}]`);
  }
  return [{ dtype: data.dtype, dims: [batch!, channels!, ...grid.dims.slice(1, -1)] }];
};

/** theta and the size [N, C, spatial...] of the image to sample. */
export const affineGrid: ShapeRule = (call) => {
  const [batch, , ...spatial] = requiredIntegers(call, 1);
  if (spatial.length !== 2 && spatial.length !== 3)
    throw malformed(call, `makes a grid for ${spatial.length} spatial axes`);
  return [{ dtype: input(call, 0).dtype, dims: [batch!, ...spatial, spatial.length] }];
};

export const resizeShapes: Readonly<Record<string, ShapeRule>> = {
  Resize: resize,
  Upsample: resize,
  GridSample: gridSample,
  AffineGrid: affineGrid,
};
