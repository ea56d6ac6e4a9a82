import { scalar } from '../../../core/onnx/tensor.js';
import type { Net } from './net.js';

/** Paths of the parts of a block. */
export interface ConvNextNames {
  readonly path: string;
  readonly depthwise: string;
  readonly norm: string;
  readonly inner: string;
  readonly outer: string;
  /** Global response norm: ConvNeXt V2. Its weight and bias have these dimensions. */
  readonly response?: { readonly path: string; readonly dims: readonly number[] };
  /** A factor for each channel. */
  readonly scale?: string;
}

export interface ConvNextShape {
  readonly width: number;
  readonly act: string;
  /** The two linear layers are stored as 1x1 convolutions. */
  readonly pointwise?: boolean;
}

/** Depthwise 7x7, norm, and a layer of four times the width, pixels last; added to the input. */
export function convNextBlock(net: Net, x: string, names: ConvNextNames, shape: ConvNextShape): string {
  const { path, response, scale } = names;
  const { width, act, pointwise = false } = shape;
  const depthwise = net.conv(x, names.depthwise, { from: width, to: width, kernel: 7, padding: 3, groups: width });
  const last = net.transpose(depthwise, [0, 2, 3, 1], path);
  const normed = net.layerNorm(last, names.norm, width, normEpsilon);
  const inner = net.activation(linear(net, normed, names.inner, width, 4 * width, pointwise), path, act);
  const balanced = response ? responseNorm(net, inner, response.path, response.dims, 4 * width) : inner;
  let y = linear(net, balanced, names.outer, 4 * width, width, pointwise);
  if (scale !== undefined) y = net.mul(y, net.weights.take(scale, [width]), path);
  return net.add(x, net.transpose(y, [0, 3, 1, 2], path), path);
}

/** Over the channels of [N, C, H, W]. */
export function channelNorm(net: Net, x: string, path: string, width: number): string {
  const normed = net.layerNorm(net.transpose(x, [0, 2, 3, 1], path), path, width, normEpsilon);
  return net.transpose(normed, [0, 3, 1, 2], path);
}

const normEpsilon = 1e-6;

function linear(net: Net, x: string, path: string, from: number, to: number, pointwise: boolean): string {
  if (!pointwise) return net.linear(x, path, from, to);
  const matrix = net.reshape(net.weights.take(`${path}.weight`, [to, from, 1, 1]), [to, from], path);
  const product = net.op(path, 'MatMul', [x, net.transpose(matrix, [1, 0], path)]);
  return net.add(product, net.weights.take(`${path}.bias`, [to]), path);
}

/** weight * x * g / (mean(g) + 1e-6) + bias + x, with g the L2 norm of each channel over [N, H, W, C]'s pixels. */
function responseNorm(net: Net, x: string, path: string, dims: readonly number[], width: number): string {
  const { emit } = net;
  const squares = net.mul(x, x, path);
  emit.scope(path);
  const norm = net.op(path, 'Sqrt', [emit.reduceSum(squares, [1, 2], true)]);
  const mean = net.scale(emit.reduceSum(norm, [3], true), 1 / width, path);
  const share = net.op(path, 'Div', [norm, net.add(mean, emit.constant(scalar(1e-6)), path)]);
  const [weight, bias] = ['weight', 'bias'].map((part) => net.weights.take(`${path}.${part}`, dims)) as [
    string,
    string,
  ];
  return net.add(net.add(net.mul(weight, net.mul(x, share, path), path), bias, path), x, path);
}
