import type { TriggerReconstruction } from '../scan/result.js';
import { maskPeak, triggerGround } from './visible-trigger.js';

/** Largest picture, in columns and pixel rows; two pixel rows share one line. */
const limit = 32;

/**
 * The trigger as block characters: mask x pattern over grey with colours (256-colour ANSI, which every terminal has),
 * the mask alone as shades without. Large images are reduced; a cell keeps the largest mask value of its pixels, so that
 * a three-pixel patch in a large image is still seen.
 *
 * @returns lines of equal width without a frame.
 */
export function triggerPicture(trigger: TriggerReconstruction, colour: boolean): string[] {
  const { height, width, mask, rgb } = reduce(trigger);
  const lines: string[] = [];
  for (let row = 0; row < height; row += 2) {
    let line = '';
    for (let column = 0; column < width; column++) {
      const upper = row * width + column;
      const lower = row + 1 < height ? upper + width : undefined;
      line += colour
        ? half(rgb[upper]!, lower === undefined ? undefined : rgb[lower]!)
        : shade(mask[upper]!, lower === undefined ? 0 : mask[lower]!);
    }
    lines.push(colour ? `${line}\u001b[0m` : line);
  }
  return lines;
}

type Colour = readonly [number, number, number];

interface Picture {
  readonly height: number;
  readonly width: number;
  readonly mask: readonly number[];
  readonly rgb: readonly Colour[];
}

function reduce({ mask, pattern }: TriggerReconstruction): Picture {
  const [imageHeight = 0, imageWidth = 0] = mask.dims;
  const channels = pattern.dims[0] ?? 1;
  const step = Math.max(1, Math.ceil(Math.max(imageHeight, imageWidth) / limit));
  const height = Math.ceil(imageHeight / step);
  const width = Math.ceil(imageWidth / step);
  const peak = maskPeak(mask);
  const cells: number[] = [];
  const rgb: Colour[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let largest = 0;
      let weight = 0;
      const sums = [0, 0, 0];
      for (let y = row * step; y < Math.min(imageHeight, (row + 1) * step); y++) {
        for (let x = column * step; x < Math.min(imageWidth, (column + 1) * step); x++) {
          const at = y * imageWidth + x;
          const amount = mask.data[at]! / peak;
          largest = Math.max(largest, amount);
          weight += amount;
          for (let c = 0; c < 3; c++) {
            sums[c]! += amount * pattern.data[Math.min(c, channels - 1) * imageHeight * imageWidth + at]!;
          }
        }
      }
      const blend = (sum: number): number =>
        triggerGround * (1 - largest) + largest * (weight === 0 ? triggerGround : sum / weight);
      cells.push(largest);
      rgb.push([blend(sums[0]!), blend(sums[1]!), blend(sums[2]!)]);
    }
  }
  return { height, width, mask: cells, rgb };
}

function half(upper: Colour, lower: Colour | undefined): string {
  if (lower === undefined) return `\u001b[49;38;5;${ansi256(upper)}m▀`;
  return `\u001b[38;5;${ansi256(upper)};48;5;${ansi256(lower)}m▀`;
}

function shade(upper: number, lower: number): string {
  if (upper >= 0.5 && lower >= 0.5) return '█';
  if (upper >= 0.5) return '▀';
  if (lower >= 0.5) return '▄';
  const larger = Math.max(upper, lower);
  return larger >= 0.3 ? '▒' : larger >= 0.15 ? '░' : ' ';
}

/** The xterm palette: 16-231 a 6 x 6 x 6 cube, 232-255 a ramp of greys from 8 to 238 in steps of 10. */
function ansi256([red, green, blue]: Colour): number {
  if (Math.max(red, green, blue) - Math.min(red, green, blue) < 0.04) {
    const level = Math.round((green * 255 - 8) / 10);
    return level < 0 ? 16 : level > 23 ? 231 : 232 + level;
  }
  const step = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 5);
  return 16 + 36 * step(red) + 6 * step(green) + step(blue);
}
