import type { Window } from './window.js';

/** Share of the maximum above which a mask pixel belongs to the trigger. */
const belonging = 0.5;
/** Pixels of one patch may have this many others between them: a fitted mask has holes. */
const gap = 1;

/**
 * The smallest rectangle around the heaviest patch of the mask: pixels above half of the maximum that lie together. A
 * fitted mask also has single bright pixels far away, which a box around everything would reach out for.
 */
export function maskBox(mask: Float64Array, height: number, width: number): Window {
  let peak = 0;
  for (const value of mask) peak = Math.max(peak, value);
  const open = new Set<number>();
  for (let pixel = 0; pixel < mask.length; pixel++) if (mask[pixel]! >= belonging * peak) open.add(pixel);
  let heaviest: number[] = [];
  let weight = -1;
  for (const start of open) {
    const patch = takePatch(start, open, height, width);
    const mass = patch.reduce((sum, pixel) => sum + mask[pixel]!, 0);
    if (mass > weight) [heaviest, weight] = [patch, mass];
  }
  return around(heaviest, width);
}

/** Share of the pixels at or above half of the mask's maximum, by weight, that lie in the box. */
export function shareInBox(mask: Float64Array, box: Window, width: number): number {
  let peak = 0;
  for (const value of mask) peak = Math.max(peak, value);
  let [inside, all] = [0, 0];
  mask.forEach((value, pixel) => {
    if (value < belonging * peak) return;
    const [row, column] = [Math.floor(pixel / width) - box.top, (pixel % width) - box.left];
    all += value;
    if (row >= 0 && row < box.height && column >= 0 && column < box.width) inside += value;
  });
  return all === 0 ? 1 : inside / all;
}

/** Removes from `open` the pixels that hang together with `start`. */
function takePatch(start: number, open: Set<number>, height: number, width: number): number[] {
  const patch = [start];
  open.delete(start);
  for (const pixel of patch) {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    for (let r = Math.max(0, row - gap - 1); r <= Math.min(height - 1, row + gap + 1); r++) {
      for (let c = Math.max(0, column - gap - 1); c <= Math.min(width - 1, column + gap + 1); c++) {
        if (open.delete(r * width + c)) patch.push(r * width + c);
      }
    }
  }
  return patch;
}

function around(pixels: readonly number[], width: number): Window {
  let [top, left, bottom, right] = [Infinity, Infinity, -1, -1];
  for (const pixel of pixels) {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
  }
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}
