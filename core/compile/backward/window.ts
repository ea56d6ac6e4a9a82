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

/** Reads strides, dilations and pads, which ONNX shares between Conv and the pools; auto_pad has become pads by now. */
export function windowOf(c: BackwardContext, kernel: readonly number[]): Window {
  const input = c.dims(c.input(0)).slice(2);
  const output = c.dims(c.output()).slice(2);
  const perAxis = (name: string): readonly number[] => {
    const given = c.ints(name);
    return given?.length ? given : kernel.map(() => 1);
  };
  const pads = c.ints('pads');
  return {
    kernel,
    strides: perAxis('strides'),
    dilations: perAxis('dilations'),
    before: kernel.map((_, i) => pads?.[i] ?? 0),
    behind: kernel.map((_, i) => pads?.[kernel.length + i] ?? 0),
    input,
    output,
  };
}

/** All taps of a window in row-major order. */
export function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (taps, extent) => taps.flatMap((tap) => Array.from({ length: extent }, (_, k) => [...tap, k])),
    [[]],
  );
}
