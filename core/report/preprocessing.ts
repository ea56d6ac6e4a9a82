import type { StatedPreprocessing } from '../scan/stated-preprocessing.js';
import { printable } from './text.js';

/** For people: the numbers by the names of the options that replace them, and the file that they are from. */
export function preprocessingText({ file, scale, mean, std, channels }: StatedPreprocessing): string {
  return [
    `scale ${short(scale)}`,
    `mean ${mean.map(short).join(', ')}`,
    `std ${std.map(short).join(', ')}`,
    ...(channels === undefined ? [] : [`channels ${channels}`]),
    `as ${printable(file, 80)} says`,
  ].join('; ');
}

/** Six digits tell all published numbers apart. */
function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}
