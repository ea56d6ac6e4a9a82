import type { Window } from './window.js';

/** Share of the maximum above which a mask pixel belongs to the trigger. */
const belonging = 0.5;

/** The smallest rectangle around all mask pixels above half of the mask's maximum. */
export function maskBox(mask: Float64Array, height: number, width: number): Window {
  const least = belonging * mask.reduce((a, b) => Math.max(a, b), 0);
  let [top, left, bottom, right] = [height, width, -1, -1];
  mask.forEach((value, pixel) => {
    if (value < least) return;
    const row = Math.floor(pixel / width);
    const column = pixel % width;
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
    left = Math.min(left, column);
    right = Math.max(right, column);
  });
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}
