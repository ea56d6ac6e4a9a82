import { intOf, intsOf, stringOf } from '../attributes.js';
import { malformed } from './call.js';
import type { OpCall } from './call.js';

/** Everything a sliding window does along the spatial axes, with `auto_pad` resolved to explicit pads. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padBegin: readonly number[];
  readonly padEnd: readonly number[];
  /** Spatial dims of the result. */
  readonly output: readonly number[];
}

/**
 * Windows of Conv and of the pooling ops. `ceil_mode` counts a last, incomplete window only if it starts inside the input
 * or its left padding.
 */
export function slidingWindows(call: OpCall, spatial: readonly number[], kernel: readonly number[]): Windows {
  const base = windowAttributes(call, kernel, spatial.length);
  const autoPad = autoPadOf(call);
  const ceil = intOf(call.node, 'ceil_mode', 0) !== 0;
  const padBegin: number[] = [];
  const padEnd: number[] = [];
  const output = spatial.map((size, i) => {
    const [stride, extent] = [base.strides[i]!, (kernel[i]! - 1) * base.dilations[i]! + 1];
    let [begin, end] = [base.padBegin[i]!, base.padEnd[i]!];
    if (autoPad !== 'NOTSET') {
      const total = autoPad === 'VALID' ? 0 : Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
      [begin, end] = halves(total, autoPad === 'SAME_LOWER');
    }
    padBegin.push(begin);
    padEnd.push(end);
    const steps = (size + begin + end - extent) / stride;
    let count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    if (ceil && (count - 1) * stride >= size + begin) count--;
    if (!(count >= 1)) throw malformed(call, `slides a window of ${extent} over ${size + begin + end} elements`);
    return count;
  });
  return { ...base, padBegin, padEnd, output };
}

/**
 * Windows of ConvTranspose; `output` is what a Conv with the same windows would read:
 * `stride * (size - 1) + output_padding + (kernel - 1) * dilation + 1 - pads`.
 * `output_shape` and `auto_pad` SAME_* (result: size * stride) set the pads, never below 0.
 */
export function transposedWindows(call: OpCall, spatial: readonly number[], kernel: readonly number[]): Windows {
  const rank = spatial.length;
  const base = windowAttributes(call, kernel, rank);
  const autoPad = autoPadOf(call);
  const extra = perAxis(call, 'output_padding', rank, 0);
  const given = intsOf(call.node, 'output_shape', []);
  // Some exporters write batch and channels into it, too.
  const wanted = given.length === rank + 2 ? given.slice(2) : given;
  if (wanted.length !== 0 && wanted.length !== rank)
    throw malformed(call, `has an output_shape of ${given.length} dims`);
  const padBegin: number[] = [];
  const padEnd: number[] = [];
  const output = spatial.map((size, i) => {
    const stride = base.strides[i]!;
    const full = stride * (size - 1) + extra[i]! + (kernel[i]! - 1) * base.dilations[i]! + 1;
    let [begin, end] = [base.padBegin[i]!, base.padEnd[i]!];
    const target = wanted[i] ?? (autoPad.startsWith('SAME') ? size * stride : undefined);
    if (target !== undefined) [begin, end] = halves(Math.max(0, full - target), autoPad !== 'SAME_UPPER');
    else if (autoPad === 'VALID') [begin, end] = [0, 0];
    padBegin.push(begin);
    padEnd.push(end);
    const result = wanted[i] ?? full - begin - end;
    if (!(result >= 1)) throw malformed(call, `yields ${result} elements along spatial axis ${i}`);
    return result;
  });
  return { ...base, padBegin, padEnd, output };
}

/** The odd element goes to the end for SAME_UPPER, to the beginning otherwise. */
function halves(total: number, oddFirst: boolean): [number, number] {
  const [small, large] = [Math.floor(total / 2), Math.ceil(total / 2)];
  return oddFirst ? [large, small] : [small, large];
}

function windowAttributes(call: OpCall, kernel: readonly number[], rank: number): Omit<Windows, 'output'> {
  if (kernel.length !== rank || kernel.some((size) => !(size >= 1))) {
    throw malformed(call, `has a kernel of shape [${kernel.join(', ')}] for ${rank} spatial axes`);
  }
  const strides = perAxis(call, 'strides', rank, 1);
  const dilations = perAxis(call, 'dilations', rank, 1);
  if ([...strides, ...dilations].some((step) => step < 1)) throw malformed(call, 'has a stride or dilation below 1');
  const pads = perAxis(call, 'pads', 2 * rank, 0);
  return { kernel, strides, dilations, padBegin: pads.slice(0, rank), padEnd: pads.slice(rank) };
}

function perAxis(call: OpCall, name: string, length: number, fallback: number): readonly number[] {
  const values = intsOf(call.node, name, []);
  if (values.length === 0) return new Array<number>(length).fill(fallback);
  if (values.length !== length) throw malformed(call, `has ${values.length} ${name}, needs ${length}`);
  return values;
}

function autoPadOf(call: OpCall): string {
  const value = stringOf(call.node, 'auto_pad', 'NOTSET') || 'NOTSET';
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(value))
    throw malformed(call, `has auto_pad "${value}"`);
  return value;
}
