import type { BackwardContext } from './rule.js';

/** How a Conv or pooling window moves over the spatial axes: output o, tap k reads input o stride + k dilation - before. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding in front of each axis; padding behind follows from the shapes. */
  readonly before: readonly number[];
  /** Spatial extents of the input and the output. */
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** Reads strides, dilations, pads and auto_pad, which ONNX shares between Conv and the pools. */
export function windowOf(c: BackwardContext, kernel: readonly number[]): Window {
  const input = c.dims(c.input(0)).slice(2);
  const output = c.dims(c.output()).slice(2);
  const strides = c.ints('strides') ?? kernel.map(() => 1);
  const dilations = c.ints('dilations') ?? kernel.map(() => 1);
  const autoPad = c.text('auto_pad', 'NOTSET');
  const before = kernel.map((taps, i) => {
    if (autoPad === 'NOTSET') return c.ints('pads')?.[i] ?? 0;
    if (autoPad === 'VALID') return 0;
    const total = Math.max(0, (output[i]! - 1) * strides[i]! + dilations[i]! * (taps - 1) + 1 - input[i]!);
    return autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return { kernel, strides, dilations, before, input, output };
}

/** All taps of a window in row-major order. */
export function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (taps, extent) => taps.flatMap((tap) => Array.from({ length: extent }, (_, k) => [...tap, k])),
    [[]],
  );
}
