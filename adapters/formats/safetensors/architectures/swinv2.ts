import { float32, scalar } from '../../../../core/onnx/tensor.js';
import type { Architecture } from '../architecture.js';
import { attention } from '../attention.js';
import type { Config } from '../config.js';
import type { Net } from '../net.js';
import { inWindows, offsetCount, type Placement, type Size } from '../windows.js';
import { defaultEpsilon, swinStages, type SwinKind, type SwinStage } from './swin-stages.js';

/**
 * Transformers' Swinv2ForImageClassification: attention by cosines, position biases from a small network, and norms behind
 * what they follow. Source: transformers/models/swinv2/modeling_swinv2.py
 */
export const swinv2: Architecture = (config, start) => {
  // Transformers adds one position more than there are patches, with which such a model does not run.
  config.only('use_absolute_embeddings', false);
  return swinStages(config, start, kind);
};

const kind: SwinKind = {
  root: 'swinv2',
  epsilon: defaultEpsilon,
  // Transformers adds its mask of -100 twice.
  masked: -200,
  blocks: (net, x, path, stage) => {
    const { config, biases, grid, size, depth } = stage;
    // Of the height alone, also where an image is wider, and rounded down, also where patches are padded.
    const height = Math.floor(grid[0] / 2 ** stage.stage);
    const side = Math.min(height, stage.window);
    const by = height <= side ? 0 : Math.floor(stage.window / 2);
    const moved = { size, window: [side, side], shift: [by, by] } as const;
    const coordinates = coordinateTable(net, path, [side, side], pretrainedWindow(config, stage.stage));
    return biases
      .placements(moved, depth, path)
      .reduce((y, placement, i) => block(net, y, `${path}.blocks.${i}`, placement, coordinates, stage), x);
  },
  reduce: (net, x, path, width) => {
    const reduced = net.linear(x, `${path}.reduction`, 4 * width, 2 * width, false);
    return net.layerNorm(reduced, `${path}.norm`, 2 * width, defaultEpsilon);
  },
};

function block(net: Net, x: string, path: string, placement: Placement, coordinates: string, stage: SwinStage): string {
  const { width, heads, hidden, epsilon, act, qkvBias, biases } = stage;
  const { window } = placement.windows;
  const at = `${path}.attention.self`;
  const bias = biases.pairs(biasTable(net, at, coordinates, heads), window, heads, at);
  const shape = {
    channels: width,
    heads,
    scale: (cosines: string) => net.mul(cosines, factors(net, at, heads), at),
    bias: (scores: string) => biases.add(scores, bias, placement, heads, at),
  };
  const attend = (tokens: string): string => {
    const [q, k] = ['query', 'key'].map((part) => {
      const projected = net.linear(tokens, `${at}.${part}`, width, width, qkvBias && part === 'query');
      return normalized(net, projected, at, width, heads);
    }) as [string, string];
    const v = net.linear(tokens, `${at}.value`, width, width, qkvBias);
    return net.linear(attention(net, [q, k, v], at, shape), `${path}.attention.output.dense`, width, width);
  };
  const attended = inWindows(net, x, path, width, placement.windows, attend);
  const sum = net.add(x, net.layerNorm(attended, `${path}.layernorm_before`, width, epsilon), path);
  const inner = net.linear(sum, `${path}.intermediate.dense`, width, hidden);
  const dense = net.linear(net.activation(inner, `${path}.intermediate`, act), `${path}.output.dense`, hidden, width);
  return net.add(sum, net.layerNorm(dense, `${path}.layernorm_after`, width, epsilon), path);
}

/** x / max(|x|, 1e-12) for each head. The bound is under the root, which has no derivative at 0. */
function normalized(net: Net, x: string, path: string, width: number, heads: number): string {
  const split = net.reshape(x, [0, -1, heads, width / heads], path);
  const squares = net.mul(split, split, path);
  net.emit.scope(path);
  const sum = net.emit.reduceSum(squares, [3], true);
  const norm = net.op(path, 'Sqrt', [net.op(path, 'Max', [sum, net.emit.constant(scalar(1e-24))])]);
  return net.reshape(net.op(path, 'Div', [split, norm]), [0, -1, width], path);
}

/** exp(min(logit_scale, log 100)) for each head. */
function factors(net: Net, path: string, heads: number): string {
  const logs = net.weights.take(`${path}.logit_scale`, [heads, 1, 1]);
  return net.op(path, 'Exp', [net.op(path, 'Min', [logs, net.emit.constant(scalar(Math.log(100)))])]);
}

/** 16 sigmoid(W relu(V c + b)), c the coordinates of an offset: [offsets, heads]. */
function biasTable(net: Net, path: string, coordinates: string, heads: number): string {
  const at = `${path}.continuous_position_bias_mlp`;
  const inner = net.activation(net.linear(coordinates, `${at}.0`, 2, 512), at, 'relu');
  return net.scale(net.activation(net.linear(inner, `${at}.2`, 512, heads, false), at, 'sigmoid'), 16, at);
}

/** sign(c) log8(1 + 8 |c| / longest) for each offset, down and right: [offsets, 2]. */
function coordinateTable(net: Net, path: string, window: Size, pretrained: number): string {
  const width = 2 * window[1] - 1;
  const data = Float32Array.from({ length: 2 * offsetCount(window) }, (_, i) => {
    const [row, axis] = [Math.floor(i / 2), i % 2 === 0 ? 0 : 1] as const;
    const offset = (axis === 0 ? Math.floor(row / width) : row % width) - (window[axis] - 1);
    const longest = pretrained > 0 ? pretrained - 1 : Math.max(1, window[axis] - 1);
    return Math.sign(offset) * (Math.log2(1 + (8 * Math.abs(offset)) / longest) / 3);
  });
  net.emit.scope(path);
  return net.emit.constant(float32([data.length / 2, 2], data), 'coordinates');
}

/** 0 stands for none. */
function pretrainedWindow(config: Config, stage: number): number {
  const sizes = config.ints('pretrained_window_sizes', { min: 0, max: 1024, fallback: [] });
  return sizes[stage] ?? 0;
}
