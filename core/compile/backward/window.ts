import type { BackwardContext } from './rule.js';

/** How a Conv or pooling window moves over the spatial axes: output o, tap k reads input o stride + k dilation - before. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding in front of and behind each axis. In ceil mode the last window may reach further. */
  readonly before: readonly number[];
  readonly behind: readonly number[];
  /** Spatial extents of the input and the output. */
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** Reads strides, dilations, pads and auto_pad, which ONNX shares between Conv and the pools. */
export function windowOf(c: BackwardContext, kernel: readonly number[]): Window {
  const input = c.dims(c.input(0)).slice(2);
  const output = c.dims(c.output()).slice(2);
  const perAxis = (name: string): readonly number[] => {
    const given = c.ints(name);
    return given?.length ? given : kernel.map(() => 1);
  };
  const [strides, dilations] = [perAxis('strides'), perAxis('dilations')];
  const pads = kernel.map((taps, i) => {
    const total = Math.max(0, (output[i]! - 1) * strides[i]! + dilations[i]! * (taps - 1) + 1 - input[i]!);
    return padding(c, i, kernel.length, total);
  });
  return { kernel, strides, dilations, before: pads.map(([b]) => b), behind: pads.map(([, b]) => b), input, output };
}

/**
 * Padding in front of and behind spatial axis i.
 * @param total what auto_pad SAME_* has to share out; the odd element goes behind for SAME_UPPER.
 */
export function padding(c: BackwardContext, i: number, rank: number, total: number): readonly [number, number] {
  const autoPad = c.text('auto_pad', 'NOTSET') || 'NOTSET';
  if (autoPad === 'NOTSET') return [c.ints('pads')?.[i] ?? 0, c.ints('pads')?.[rank + i] ?? 0];
  if (autoPad === 'VALID') return [0, 0];
  const [small, large] = [Math.floor(total / 2), Math.ceil(total / 2)];
  return autoPad === 'SAME_UPPER' ? [small, large] : [large, small];
}

/** All taps of a window in row-major order. */
export function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (taps, extent) => taps.flatMap((tap) => Array.from({ length: extent }, (_, k) => [...tap, k])),
    [[]],
  );
}
