import { intOf, intsOf } from '../attributes.js';
import { input, malformed, requiredIntegers } from './call.js';
import type { OpCall, ShapeRule, ValueType } from './call.js';
import { shapeFrom } from './layout.js';
import { sameElements } from './math.js';
import { slidingWindows, transposedWindows } from './windows.js';

export const conv: ShapeRule = (call) => {
  const [data, weight] = [input(call, 0), input(call, 1)];
  sameElements(call, data, weight);
  return [{ dtype: data.dtype, dims: convolved(call, data, weight) }];
};

/** Offsets and mask are further inputs and do not change the shape. */
export const deformConv: ShapeRule = conv;

export const convInteger: ShapeRule = (call) => [
  { dtype: 'int32', dims: convolved(call, input(call, 0), input(call, 1)) },
];

/** x, its scale, its zero point, w, its scale, its zero point, y scale, y zero point, bias. */
export const qLinearConv: ShapeRule = (call) => [
  { dtype: input(call, 7).dtype, dims: convolved(call, input(call, 0), input(call, 3)) },
];

function convolved(call: OpCall, data: ValueType, weight: ValueType): number[] {
  const [batch, channels, ...spatial] = imageDims(call, data);
  const [filters, perGroup, ...taps] = weight.dims;
  const group = intOf(call.node, 'group', 1);
  if (weight.dims.length !== data.dims.length || channels !== perGroup! * group || filters! % group !== 0) {
    throw malformed(
      call,
      `cannot convolve [${data.dims.join(', ')}] with [${weight.dims.join(', ')}] in ${group} group(s)`,
    );
  }
  const kernel = kernelOf(call, taps);
  return [batch, filters!, ...slidingWindows(call, spatial, kernel).output];
}

export const convTranspose: ShapeRule = (call) => {
  const [data, weight] = [input(call, 0), input(call, 1)];
  sameElements(call, data, weight);
  const [batch, channels, ...spatial] = imageDims(call, data);
  const [inChannels, perGroup, ...taps] = weight.dims;
  const group = intOf(call.node, 'group', 1);
  if (weight.dims.length !== data.dims.length || channels !== inChannels || channels % group !== 0) {
    throw malformed(
      call,
      `cannot convolve [${data.dims.join(', ')}] with [${weight.dims.join(', ')}] in ${group} group(s)`,
    );
  }
  const { output } = transposedWindows(call, spatial, kernelOf(call, taps));
  return [{ dtype: data.dtype, dims: [batch, perGroup! * group, ...output] }];
};

/** `kernel_shape` may be left out; when it is there it must agree with the weight. */
function kernelOf(call: OpCall, taps: readonly number[]): readonly number[] {
  const declared = intsOf(call.node, 'kernel_shape', []);
  if (declared.length > 0 && declared.join() !== taps.join()) {
    throw malformed(call, `declares a kernel of [${declared.join(', ')}], but its weight has [${taps.join(', ')}]`);
  }
  return taps;
}

/** [N, C, spatial...] with at least one spatial axis. */
export function imageDims(call: OpCall, type: ValueType): [number, number, ...number[]] {
  if (type.dims.length < 3) throw malformed(call, `needs an input [N, C, ...], not [${type.dims.join(', ')}]`);
  return [...type.dims] as [number, number, ...number[]];
}

/** Columns [N, C * block, L] back to an image. */
const col2Im: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const block = requiredIntegers(call, 2).reduce((product, size) => product * size, 1);
  const [batch, columns] = dims;
  if (dims.length !== 3 || columns! % block !== 0) throw malformed(call, `cannot fold [${dims.join(', ')}]`);
  return [{ dtype, dims: [batch!, columns! / block, ...shapeFrom(call, 1)] }];
};

/** com.microsoft: Conv, an activation and an optional addend Z of the result's shape. */
export const fusedConv: ShapeRule = conv;

export const convShapes: Readonly<Record<string, ShapeRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  ConvInteger: convInteger,
  QLinearConv: qLinearConv,
  DeformConv: deformConv,
  Col2Im: col2Im,
};
