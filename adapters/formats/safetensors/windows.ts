import { float32, int64 } from '../../../core/onnx/tensor.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { Net } from './net.js';

/** [height, width], in tokens. */
export type Size = readonly [height: number, width: number];

/** How the tokens of an image are divided for the attention of a Swin Transformer. */
export interface Windows {
  readonly size: Size;
  readonly window: Size;
  /** By how much the windows are moved down and right. */
  readonly shift: Size;
}

/**
 * Takes [N, tokens, channels] apart into windows, and together again what becomes of them.
 * @param attend from and to [N windows, tokens of a window, channels].
 * @param late whether the image is padded to whole windows after it is moved, as timm does, or before.
 */
export function inWindows(
  net: Net,
  x: string,
  path: string,
  channels: number,
  { size, window, shift }: Windows,
  attend: (windows: string) => string,
  late = false,
): string {
  const [height, width] = size;
  const padded = paddedTo(size, window);
  const pad = (y: string): string => net.emit.pad(y, [0, 0, 0, 0], [0, padded[0] - height, padded[1] - width, 0]);
  const crop = (y: string): string => {
    const rows = padded[0] > height ? net.slice(y, 1, 0, height, path) : y;
    return padded[1] > width ? net.slice(rows, 2, 0, width, path) : rows;
  };
  const back: Size = [-shift[0], -shift[1]];

  const image = net.reshape(x, [-1, height, width, channels], path);
  const moved = late ? pad(roll(net, image, size, shift, path)) : roll(net, pad(image), padded, shift, path);
  const done = unite(
    net,
    attend(partition(net, moved, padded, window, channels, path)),
    padded,
    window,
    channels,
    path,
  );
  const whole = late ? roll(net, crop(done), size, back, path) : crop(roll(net, done, padded, back, path));
  return net.reshape(whole, [-1, height * width, channels], path);
}

/** Four neighbours become one token of all their channels, in the order of rows first; an odd edge is padded. */
export function joinNeighbours(net: Net, x: string, path: string, [height, width]: Size, channels: number): string {
  const [rows, columns] = halved([height, width]);
  const image = net.reshape(x, [-1, height, width, channels], path);
  const even = net.emit.pad(image, [0, 0, 0, 0], [0, 2 * rows - height, 2 * columns - width, 0]);
  const split = net.reshape(even, [-1, rows, 2, columns, 2, channels], path);
  return net.reshape(net.transpose(split, [0, 1, 3, 4, 2, 5], path), [-1, rows * columns, 4 * channels], path);
}

export function halved([height, width]: Size): Size {
  return [Math.ceil(height / 2), Math.ceil(width / 2)];
}

/** [N, C, h, w] to [N, h w, C]. */
export function tokensOf(net: Net, x: string, [height, width]: Size, channels: number, path: string): string {
  return net.transpose(net.reshape(x, [-1, channels, height * width], path), [0, 2, 1], path);
}

/** Biases and masks of all windows of a model. */
export interface WindowBiases {
  /** Of a table with a row for each offset in a window and a column for each head: [heads, tokens, tokens]. */
  pairs(table: string, window: Size, heads: number, path: string): string;
  /** Of the blocks of a stage: in every second one the windows are moved by what is said, in the others they are not. */
  placements(moved: Windows, depth: number, path: string): readonly Placement[];
  /** Adds a bias and a mask to scores of [N windows, heads, tokens, tokens]. */
  add(scores: string, bias: string, placement: Placement, heads: number, path: string): string;
}

export interface Placement {
  readonly windows: Windows;
  /** Far below 0 between tokens of a moved window that are no neighbours in the image, else 0. */
  readonly mask: string | undefined;
}

/** They are larger than what the file holds for them: bounded to four times what the largest published model needs. */
const maxBiases = 2 ** 26;

/**
 * @param title of the config, for errors.
 * @param masked what a mask adds between tokens that are no neighbours.
 */
export function windowBiases(net: Net, title: string, masked = -100): WindowBiases {
  const indices = new Map<string, string>();
  let left = maxBiases;
  const allow = (count: number): void => {
    left -= count;
    if (left < 0) {
      throw new ScanError(
        'model-malformed',
        `${title}: the windows take more than ${maxBiases.toLocaleString('en')} position biases and masks`,
      );
    }
  };
  const indexOf = (window: Size): string => {
    const known = indices.get(window.join());
    if (known !== undefined) return known;
    const tokens = window[0] * window[1];
    allow(tokens * tokens);
    net.emit.scope('');
    const index = net.emit.constant(int64([tokens, tokens], offsets(window)), 'relative_position_index');
    indices.set(window.join(), index);
    return index;
  };
  const maskFor = (windows: Windows, path: string): string => {
    const [count, tokens] = [countOf(windows), windows.window[0] * windows.window[1]];
    allow(count * tokens * tokens);
    net.emit.scope(path);
    return net.emit.constant(float32([1, count, 1, tokens, tokens], maskOf(windows, masked)), 'shift_mask');
  };
  return {
    pairs: (table, window, heads, path) => {
      allow(heads * (window[0] * window[1]) ** 2);
      return net.transpose(net.op(path, 'Gather', [table, indexOf(window)], { axis: 0 }), [2, 0, 1], path);
    },
    placements: (moved, depth, path) => {
      const still = { windows: { ...moved, shift: [0, 0] }, mask: undefined } as const;
      const masked = depth > 1 && moved.shift.some((by) => by > 0);
      const other = masked ? { windows: moved, mask: maskFor(moved, path) } : still;
      return Array.from({ length: depth }, (_, i) => (i % 2 === 1 ? other : still));
    },
    add: (scores, bias, { windows, mask }, heads, path) => {
      const placed = net.add(scores, bias, path);
      if (mask === undefined) return placed;
      const tokens = windows.window[0] * windows.window[1];
      const byImage = net.reshape(placed, [-1, countOf(windows), heads, tokens, tokens], path);
      return net.reshape(net.add(byImage, mask, path), [-1, heads, tokens, tokens], path);
    },
  };
}

/** Rows of a table of biases. */
export function offsetCount([height, width]: Size): number {
  return (2 * height - 1) * (2 * width - 1);
}

/** The row of the table for the offset between two tokens of a window: [tokens, tokens]. */
function offsets([height, width]: Size): Int32Array {
  const tokens = height * width;
  return Int32Array.from({ length: tokens * tokens }, (_, i) => {
    const [a, b] = [Math.floor(i / tokens), i % tokens];
    const down = Math.floor(a / width) - Math.floor(b / width) + height - 1;
    return down * (2 * width - 1) + (a % width) - (b % width) + width - 1;
  });
}

function maskOf({ size, window, shift }: Windows, masked: number): Float32Array {
  const [height, width] = paddedTo(size, window);
  const tokens = window[0] * window[1];
  const columns = width / window[1];
  const count = (height / window[0]) * columns;
  const region = (at: number, length: number, axis: 0 | 1): number =>
    Number(at >= length - window[axis]) + Number(at >= length - shift[axis]);
  const mask = new Float32Array(count * tokens * tokens);
  let next = 0;
  for (let i = 0; i < count; i++) {
    const [top, left] = [Math.floor(i / columns) * window[0], (i % columns) * window[1]];
    const regions = Array.from({ length: tokens }, (_, t) => {
      const [row, column] = [top + Math.floor(t / window[1]), left + (t % window[1])];
      return 3 * region(row, height, 0) + region(column, width, 1);
    });
    for (const a of regions) for (const b of regions) mask[next++] = a === b ? 0 : masked;
  }
  return mask;
}

function countOf({ size, window }: Windows): number {
  const [height, width] = paddedTo(size, window);
  return (height / window[0]) * (width / window[1]);
}

function paddedTo(size: Size, window: Size): Size {
  const [height, width] = size.map((length, i) => Math.ceil(length / window[i]!) * window[i]!) as [number, number];
  return [height, width];
}

/** [N, h, w, C] to [N windows, tokens, C]. */
function partition(net: Net, x: string, size: Size, window: Size, channels: number, path: string): string {
  const [rows, columns] = [size[0] / window[0], size[1] / window[1]];
  const split = net.reshape(x, [-1, rows, window[0], columns, window[1], channels], path);
  return net.reshape(net.transpose(split, [0, 1, 3, 2, 4, 5], path), [-1, window[0] * window[1], channels], path);
}

function unite(net: Net, x: string, size: Size, window: Size, channels: number, path: string): string {
  const [rows, columns] = [size[0] / window[0], size[1] / window[1]];
  const split = net.reshape(x, [-1, rows, columns, window[0], window[1], channels], path);
  return net.reshape(net.transpose(split, [0, 1, 3, 2, 4, 5], path), [-1, ...size, channels], path);
}

/** What lies at `shift` comes first. */
function roll(net: Net, x: string, size: Size, shift: Size, path: string): string {
  return ([0, 1] as const).reduce((rolled, axis) => {
    if (shift[axis] === 0) return rolled;
    const length = size[axis];
    const cut = (shift[axis] + length) % length;
    const [head, tail] = [net.slice(rolled, axis + 1, 0, cut, path), net.slice(rolled, axis + 1, cut, length, path)];
    return net.concat([tail, head], axis + 1, path);
  }, x);
}
