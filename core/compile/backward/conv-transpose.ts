import { biasGradient, padSpatial } from './conv.js';
import type { BackwardContext, BackwardRule } from './rule.js';

/**
 * Element i, tap k of the input adds to output i stride + k dilation - before, so dX is a Conv of dY with the same weights,
 * strides and dilations. Padding is what makes it as large as the input.
 */
export const convTranspose: BackwardRule = (c) => {
  const bias = c.needs(2) ? biasGradient(c) : undefined;
  if (!c.needs(0)) return [undefined, undefined, bias];
  const { emit } = c;
  const [channels, , ...kernel] = c.dims(c.input(1)) as [number, number, ...number[]];
  const [, filters, ...output] = c.dims(c.output()) as [number, number, ...number[]];
  const input = c.dims(c.input(0)).slice(2);
  const perAxis = (name: string, fallback: number): readonly number[] => {
    const given = c.ints(name);
    return given?.length ? given : kernel.map(() => fallback);
  };
  const [strides, dilations] = [perAxis('strides', 1), perAxis('dilations', 1)];
  const before = beginningOf(c, kernel, strides, dilations, perAxis('output_padding', 0));
  const after = kernel.map(
    (taps, i) => strides[i]! * (input[i]! - 1) + (taps - 1) * dilations[i]! + 1 - before[i]! - output[i]!,
  );

  const dY = c.dY();
  const merged = emit.reshape(dY.name, [-1, filters, ...output]);
  const clean = padSpatial(
    emit,
    merged,
    kernel.map(() => 0),
    after.map((p) => Math.min(0, p)),
  );
  const name = emit.op('Conv', [clean, c.input(1)], {
    kernel_shape: kernel,
    strides,
    dilations,
    group: c.int('group', 1),
    pads: [...before, ...after.map((p) => Math.max(0, p))],
  });
  const dims = [dY.dims[0]!, channels, ...input];
  return [{ name: emit.reshape(name, [-1, ...dims]), dims }, undefined, bias];
};

/** Padding in front: as given, or half of what output_shape takes off, the odd element in front unless SAME_UPPER. */
function beginningOf(
  c: BackwardContext,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  extra: readonly number[],
): number[] {
  if (!c.ints('output_shape')?.length) return kernel.map((_, i) => c.ints('pads')?.[i] ?? 0);
  const [input, output] = [c.dims(c.input(0)).slice(2), c.dims(c.output()).slice(2)];
  return kernel.map((taps, i) => {
    const full = strides[i]! * (input[i]! - 1) + extra[i]! + (taps - 1) * dilations[i]! + 1;
    const total = Math.max(0, full - output[i]!);
    return c.text('auto_pad', 'NOTSET') === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
}
