import { createEmitter, type AttributeValue, type Emitter } from '../../../core/compile/emit.js';
import type { Dim, Graph } from '../../../core/onnx/graph.js';
import { ints, scalar } from '../../../core/onnx/tensor.js';
import { activate } from './activations.js';
import type { Weights } from './weights.js';

/**
 * Writes the layers of PyTorch as ONNX nodes. A layer is named by its path in the model, which is the prefix of its tensors
 * and of its nodes. Every method takes and returns names of values. Images are [N, C, H, W], tokens [N, T, C].
 */
export interface Net {
  readonly weights: Weights;
  op(
    path: string,
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string;
  readonly emit: Emitter;
  conv(x: string, path: string, shape: ConvShape): string;
  /** Any rank, over the last axis. */
  linear(x: string, path: string, from: number, to: number, bias?: boolean): string;
  /** The last layer: [N, from] to [N, classes]. */
  head(x: string, path: string, from: number, classes: number, bias?: boolean): string;
  batchNorm(x: string, path: string, channels: number, epsilon?: number): string;
  /** Over the last axis. */
  layerNorm(x: string, path: string, channels: number, epsilon: number): string;
  groupNorm(x: string, path: string, channels: number, groups: number, epsilon: number): string;
  activation(x: string, path: string, name: string): string;
  add(a: string, b: string, path: string): string;
  mul(a: string, b: string, path: string): string;
  scale(x: string, factor: number, path: string): string;
  /** [N, C, H, W] to [N, C]. */
  globalAverage(x: string, path: string): string;
  maxPool(x: string, path: string, window: PoolShape): string;
  averagePool(x: string, path: string, window: PoolShape & { countPadding?: boolean }): string;
  /** The first of the dimensions is -1, or 0 where the value has as many: the images. */
  reshape(x: string, dims: readonly number[], path: string): string;
  transpose(x: string, perm: readonly number[], path: string): string;
  slice(x: string, axis: number, from: number, to: number, path: string): string;
  concat(values: readonly string[], axis: number, path: string): string;
  /**
   * A parameter for each image of `like`: [N, ...dims].
   * @param stored dimensions in the file, [1, ...dims] if not given.
   */
  perImage(parameter: string, dims: readonly number[], like: string, path: string, stored?: readonly number[]): string;
  finish(logits: string, facts: NetFacts): Graph;
}

export interface ConvShape {
  readonly from: number;
  readonly to: number;
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | readonly [number, number];
  /** The same on all sides, or [top, left, bottom, right], or TensorFlow's rule. */
  readonly padding?: number | readonly [number, number, number, number] | 'same';
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

export interface PoolShape {
  readonly kernel: number;
  readonly stride: number;
  readonly padding?: number | readonly [number, number, number, number];
  readonly ceil?: boolean;
}

export interface NetFacts {
  readonly name: string;
  readonly classes: number;
  readonly metadata: ReadonlyMap<string, string>;
}

export const inputName = 'pixel_values';

/** @param size of the image, [channels, height, width]; undefined where any will do. */
export function createNet(weights: Weights, size: readonly [number, Dim, Dim], names: Iterable<string>): Net {
  const emit = createEmitter(new Set([inputName, 'logits', ...names]));

  const op: Net['op'] = (path, name, inputs, attributes) => {
    emit.scope(path);
    return emit.op(name, inputs, attributes);
  };
  const constant = (values: readonly number[]): string => emit.constant(ints(...values));

  const net: Net = {
    weights,
    emit,
    op,
    conv: (x, path, shape) => {
      const { from, to, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = shape;
      const [height, width] = both(shape.kernel);
      const inputs = [x, weights.take(`${path}.weight`, [to, from / groups, height, width])];
      if (bias) inputs.push(weights.take(`${path}.bias`, [to]));
      return op(path, 'Conv', inputs, {
        kernel_shape: [height, width],
        strides: both(stride),
        dilations: [dilation, dilation],
        group: groups,
        ...(padding === 'same' ? { auto_pad: 'SAME_UPPER' } : { pads: sides(padding) }),
      });
    },
    linear: (x, path, from, to, bias = true) => {
      const weight = op(path, 'Transpose', [weights.take(`${path}.weight`, [to, from])], { perm: [1, 0] });
      const product = op(path, 'MatMul', [x, weight]);
      return bias ? op(path, 'Add', [product, weights.take(`${path}.bias`, [to])]) : product;
    },
    head: (x, path, from, classes, bias = true) =>
      op(
        path,
        'Gemm',
        [
          x,
          weights.take(`${path}.weight`, [classes, from]),
          ...(bias ? [weights.take(`${path}.bias`, [classes])] : []),
        ],
        { transB: 1 },
      ),
    batchNorm: (x, path, channels, epsilon = 1e-5) => {
      const parts = ['weight', 'bias', 'running_mean', 'running_var'];
      const inputs = parts.map((part) => weights.take(`${path}.${part}`, [channels]));
      return op(path, 'BatchNormalization', [x, ...inputs], { epsilon: { float: epsilon } });
    },
    layerNorm: (x, path, channels, epsilon) => {
      const inputs = ['weight', 'bias'].map((part) => weights.take(`${path}.${part}`, [channels]));
      return op(path, 'LayerNormalization', [x, ...inputs], { axis: -1, epsilon: { float: epsilon } });
    },
    groupNorm: (x, path, channels, groups, epsilon) => {
      const inputs = ['weight', 'bias'].map((part) => weights.take(`${path}.${part}`, [channels]));
      return op(path, 'GroupNormalization', [x, ...inputs], { num_groups: groups, epsilon: { float: epsilon } });
    },
    activation: (x, path, name) => activate(net, x, path, name),
    add: (a, b, path) => op(path, 'Add', [a, b]),
    mul: (a, b, path) => op(path, 'Mul', [a, b]),
    scale: (x, factor, path) => (factor === 1 ? x : op(path, 'Mul', [x, emit.constant(scalar(factor))])),
    globalAverage: (x, path) => op(path, 'Flatten', [op(path, 'GlobalAveragePool', [x])], { axis: 1 }),
    maxPool: (x, path, window) => op(path, 'MaxPool', [x], poolAttributes(window)),
    averagePool: (x, path, window) =>
      op(path, 'AveragePool', [x], {
        ...poolAttributes(window),
        count_include_pad: (window.countPadding ?? true) ? 1 : 0,
      }),
    reshape: (x, dims, path) => {
      emit.scope(path);
      return emit.reshape(x, dims);
    },
    transpose: (x, perm, path) => op(path, 'Transpose', [x], { perm }),
    slice: (x, axis, from, to, path) => {
      emit.scope(path);
      return emit.slice(x, [from], [to], [axis]);
    },
    concat: (values, axis, path) => op(path, 'Concat', values, { axis }),
    perImage: (parameter, dims, like, path, stored = [1, ...dims]) => {
      const images = op(path, 'Shape', [like], { start: 0, end: 1 });
      const wanted = op(path, 'Concat', [images, constant(dims)], { axis: 0 });
      return op(path, 'Expand', [weights.take(parameter, stored), wanted]);
    },
    finish: (logits, { name, classes, metadata }) => {
      weights.ignore(/(^|\.)num_batches_tracked$/);
      weights.finish();
      return {
        name,
        irVersion: 10,
        producer: '',
        opsets: new Map([['', 21]]),
        inputs: [{ name: inputName, dtype: 'float32', dims: ['N', ...size] }],
        outputs: [{ name: 'logits', dtype: 'float32', dims: ['N', classes] }],
        nodes: [
          ...emit.nodes,
          { name: 'output', op: 'Identity', domain: '', inputs: [logits], outputs: ['logits'], attributes: new Map() },
        ],
        initializers: new Map([...weights.taken, ...emit.initializers]),
        metadata,
      };
    },
  };
  return net;
}

function both(size: number | readonly [number, number]): readonly [number, number] {
  return typeof size === 'number' ? [size, size] : size;
}

function sides(padding: number | readonly [number, number, number, number]): readonly number[] {
  return typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
}

function poolAttributes({ kernel, stride, padding = 0, ceil = false }: PoolShape): Record<string, AttributeValue> {
  return {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: sides(padding),
    ceil_mode: ceil ? 1 : 0,
  };
}
