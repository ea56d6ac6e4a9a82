import type { Tensor } from '../../../../core/onnx/graph.js';
import type { Value } from '../build.js';
import { expectShape, input, known, type LayerCall, type LayerRule, type RuleTable } from '../layer.js';
import { permuted } from '../permute.js';
import { activate } from './activation.js';
import { axes, biasOf, biasValue } from './bias.js';
import { deconvolution } from './deconvolution.js';
import { inChannelsFirst, slide, windowOf } from './windows.js';

/** Kernels are [spatial..., in / groups, out]; ONNX has [out, in / groups, spatial...]. */
function convolution(rank: number): LayerRule {
  return (call) => {
    const groups = call.settings.integer('groups', 1);
    const window = windowOf(call, rank, 'kernel_size', 1);
    const filters = call.settings.integer('filters');
    const result = inChannelsFirst(call, input(call), rank, (x) => {
      const channels = known(call, x.dims, 1);
      if (groups < 1 || channels % groups !== 0) call.fail(`has ${groups} groups for ${channels} channels`);
      const [kernel, bias] = call.variables(['kernel', ...biasOf(call)]);
      expectShape(call, kernel!, 'kernel', [...window.kernel, channels / groups, filters]);
      const { dims, attributes } = slide(call, x.dims, window, filters);
      const weights = call.once('kernel', () => permuted(kernel!, [rank + 1, rank, ...axes(rank)]));
      return call.build.op('Conv', [x, weights, biasValue(call, bias, filters)], dims, {
        ...attributes,
        group: groups,
      });
    });
    return activate(call, result);
  };
}

/** Kernels are [spatial..., in, multiplier]; channel c gives the results c * multiplier to (c + 1) * multiplier - 1. */
function depthwise(rank: number): LayerRule {
  return (call) => {
    const result = inChannelsFirst(call, input(call), rank, (x) => {
      const [kernel, bias] = call.variables([depthwiseKernel(call), ...biasOf(call)]);
      return depthwiseConv(call, x, kernel!, rank, bias);
    });
    return activate(call, result);
  };
}

/** Keras 3 calls the kernel of DepthwiseConv2D `kernel`, Keras 2 `depthwise_kernel`. */
function depthwiseKernel({ generation }: LayerCall): string {
  return generation === 3 ? 'kernel' : 'depthwise_kernel';
}

function depthwiseConv(call: LayerCall, x: Value, kernel: Tensor, rank: number, bias: Tensor | undefined): Value {
  const window = windowOf(call, rank, 'kernel_size', 1);
  const channels = known(call, x.dims, 1);
  const multiplier = call.settings.integer('depth_multiplier', 1);
  expectShape(call, kernel, 'depthwise kernel', [...window.kernel, channels, multiplier]);
  const { dims, attributes } = slide(call, x.dims, window, channels * multiplier);
  const weights = call.once('depthwise_kernel', () => {
    const moved = permuted(kernel, [rank, rank + 1, ...axes(rank)]);
    return { ...moved, dims: [channels * multiplier, 1, ...window.kernel] };
  });
  const offset = biasValue(call, bias, channels * multiplier);
  return call.build.op('Conv', [x, weights, offset], dims, { ...attributes, group: channels });
}

function separable(rank: number): LayerRule {
  return (call) => {
    const filters = call.settings.integer('filters');
    const result = inChannelsFirst(call, input(call), rank, (x) => {
      const [depth, point, bias] = call.variables(['depthwise_kernel', 'pointwise_kernel', ...biasOf(call)]);
      const middle = depthwiseConv(call, x, depth!, rank, undefined);
      const ones = new Array<number>(rank).fill(1);
      expectShape(call, point!, 'pointwise kernel', [...ones, known(call, middle.dims, 1), filters]);
      const weights = call.once('pointwise_kernel', () => permuted(point!, [rank + 1, rank, ...axes(rank)]));
      const dims = middle.dims.with(1, filters);
      return call.build.op('Conv', [middle, weights, biasValue(call, bias, filters)], dims);
    });
    return activate(call, result);
  };
}

export const convolutionLayers: RuleTable = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv3D: convolution(3),
  Convolution1D: convolution(1),
  Convolution2D: convolution(2),
  DepthwiseConv1D: depthwise(1),
  DepthwiseConv2D: depthwise(2),
  SeparableConv1D: separable(1),
  SeparableConv2D: separable(2),
  SeparableConvolution2D: separable(2),
  Conv1DTranspose: deconvolution(1),
  Conv2DTranspose: deconvolution(2),
  Convolution2DTranspose: deconvolution(2),
};
