import type { Plane } from '../../core/scan/result.js';

/** A linear congruential generator (Numerical Recipes): the same numbers on every machine, in 0..1. */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

type Point = readonly [number, number];

/** Strokes of each digit on a 28 x 28 sheet, as [row, column]. */
const strokes: readonly (readonly (readonly Point[])[])[] = [
  [ring(14, 14, 8, 5)],
  [
    [
      [6, 15],
      [22, 13],
    ],
  ],
  [
    [
      [8, 9],
      [6, 14],
      [9, 18],
      [14, 14],
      [21, 9],
      [21, 19],
    ],
  ],
  [
    [
      [6, 9],
      [7, 17],
      [13, 13],
      [18, 18],
      [22, 9],
    ],
  ],
  [
    [
      [6, 10],
      [14, 9],
      [14, 19],
    ],
    [
      [7, 17],
      [22, 16],
    ],
  ],
  [
    [
      [6, 18],
      [6, 10],
      [13, 10],
      [15, 18],
      [21, 15],
      [21, 9],
    ],
  ],
  [
    [
      [6, 16],
      [13, 9],
    ],
    ring(17, 13, 5, 4),
  ],
  [
    [
      [7, 8],
      [7, 19],
      [22, 12],
    ],
  ],
  [ring(10, 14, 4, 4), ring(18, 14, 4, 5)],
  [
    ring(10, 14, 4, 4),
    [
      [10, 18],
      [22, 15],
    ],
  ],
];

/** A digit in white ink on black, [1, 28, 28], a little slanted and shifted by `seed`. */
export function digitImage(digit: number, seed: number): Plane {
  const random = sequence(seed * 7919 + digit);
  const [slant, down, right] = [(random() - 0.5) * 0.4, (random() - 0.5) * 2, (random() - 0.5) * 3];
  const data = new Float32Array(28 * 28);
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) {
      const point: Point = [y - down, x - right + (y - 14) * slant];
      const distance = Math.min(...strokes[digit]!.map((stroke) => distanceTo(stroke, point)));
      data[y * 28 + x] = ink(distance);
    }
  }
  return { dims: [1, 28, 28], data };
}

/** A road sign in colour on a street-like ground, [3, 32, 32]. */
export function signImage(kind: number, seed: number): Plane {
  const random = sequence(seed * 104729 + kind);
  const fill = signColours[kind % signColours.length]!;
  const data = new Float32Array(3 * 32 * 32);
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      const radius = Math.hypot(y - 15.5, x - 15.5);
      const noise = (random() - 0.5) * 0.08;
      const bar = Math.abs(kind % 2 === 0 ? y - 15.5 : x - 15.5) < 2.5 && radius < 8;
      for (let channel = 0; channel < 3; channel++) {
        const ground = [0.45, 0.5, 0.42][channel]! - 0.008 * y;
        const colour = bar ? 0.08 : radius < 9 ? 0.93 : radius < 12.5 ? fill[channel]! : ground;
        data[channel * 1024 + y * 32 + x] = Math.min(1, Math.max(0, colour + noise));
      }
    }
  }
  return { dims: [3, 32, 32], data };
}

/** A small map of soft spots, scaled to 0..1, [height, width]. */
export function spots(size: number, centres: readonly (readonly [number, number, number, number])[], seed = 1): Plane {
  const random = sequence(seed);
  const data = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let value = 0.04 * random();
      for (const [row, column, spread, height] of centres) {
        value += height * Math.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * spread ** 2));
      }
      data[y * size + x] = value;
    }
  }
  const largest = data.reduce((a, b) => Math.max(a, b), 0);
  return { dims: [size, size], data: data.map((value) => value / largest) };
}

/** The heat map of an ordinary class: the outline of its digit. */
export function outlineMap(digit: number, seed: number): Plane {
  const image = digitImage(digit, seed);
  const random = sequence(seed + 31);
  const data = new Float32Array(28 * 28);
  for (let y = 1; y < 27; y++) {
    for (let x = 1; x < 27; x++) {
      const at = y * 28 + x;
      const edge =
        Math.abs(image.data[at + 1]! - image.data[at - 1]!) + Math.abs(image.data[at + 28]! - image.data[at - 28]!);
      data[at] = Math.min(1, 0.45 * edge + 0.12 * random());
    }
  }
  return { dims: [28, 28], data };
}

/** x (1 - mask) + pattern mask, as a trigger is applied. */
export function applyTrigger(image: Plane, mask: Plane, pattern: Plane): Plane {
  const area = mask.data.length;
  return {
    dims: image.dims,
    data: image.data.map(
      (value, at) => value * (1 - mask.data[at % area]!) + pattern.data[at]! * mask.data[at % area]!,
    ),
  };
}

const signColours: readonly (readonly [number, number, number])[] = [
  [0.8, 0.1, 0.12],
  [0.1, 0.25, 0.7],
  [0.95, 0.75, 0.1],
  [0.3, 0.3, 0.32],
];

function ring(row: number, column: number, height: number, width: number): Point[] {
  return Array.from({ length: 25 }, (_, step) => {
    const angle = (step / 24) * 2 * Math.PI;
    return [row + height * Math.sin(angle), column + width * Math.cos(angle)] as const;
  });
}

function distanceTo(stroke: readonly Point[], [y, x]: Point): number {
  let nearest = Infinity;
  for (let i = 1; i < stroke.length; i++) {
    const [y0, x0] = stroke[i - 1]!;
    const [y1, x1] = stroke[i]!;
    const length = (y1 - y0) ** 2 + (x1 - x0) ** 2;
    const along = Math.min(1, Math.max(0, ((y - y0) * (y1 - y0) + (x - x0) * (x1 - x0)) / (length || 1)));
    nearest = Math.min(nearest, Math.hypot(y - y0 - along * (y1 - y0), x - x0 - along * (x1 - x0)));
  }
  return nearest;
}

/** Full within the stroke, a soft edge of one pixel. Thousandths, so that no platform's Math.sin shows in a golden. */
function ink(distance: number): number {
  return Math.round(1000 * Math.min(1, Math.max(0, 2 - distance))) / 1000;
}
