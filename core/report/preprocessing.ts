import type { StatedPreprocessing } from '../scan/stated-preprocessing.js';
import { printable } from './text.js';

/** For people: the numbers by the names of the options that replace them, and the file that they are from. */
export function preprocessingText({ file, scale, mean, std, channels }: StatedPreprocessing): string {
  const numbers = `scale ${short(scale)}, mean ${mean.map(short).join(', ')}, std ${std.map(short).join(', ')}`;
  return `${numbers}${channels === undefined ? '' : `, ${channels}`}, as ${printable(file, 80)} says`;
}

/** Six digits tell all published numbers apart. */
function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}
