import type { AttributeValue } from '../../../../core/compile/emit.js';
import { channelsFirst, type LayerCall } from '../layer.js';
import type { Dims, Value } from '../build.js';

/** Settings of a window that slides along the spatial axes. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: 'same' | 'valid' | 'causal';
}

export function windowOf(call: LayerCall, rank: number, kernel: string, strides: number | readonly number[]): Window {
  const { settings } = call;
  const window = {
    kernel: settings.sizes(kernel, rank),
    strides: settings.has('strides') ? settings.sizes('strides', rank) : spread(strides, rank),
    dilations: settings.sizes('dilation_rate', rank, 1),
    padding: settings.text('padding', 'valid').toLowerCase(),
  };
  if ([...window.kernel, ...window.strides, ...window.dilations].some((size) => size < 1 || size > maxWindow))
    call.fail('has a window, stride or dilation that is no small positive number');
  const { padding } = window;
  return padding === 'same' || padding === 'valid' || padding === 'causal'
    ? { ...window, padding }
    : call.fail(`has the padding '${padding}'`);
}

const maxWindow = 2 ** 16;

function spread(value: number | readonly number[], rank: number): readonly number[] {
  return typeof value === 'number' ? new Array<number>(rank).fill(value) : value;
}

/** Dims of the result, channels first, and the attributes of the ONNX op. */
export function slide(
  call: LayerCall,
  x: Dims,
  window: Window,
  channels: number,
): { dims: Dims; attributes: Attributes } {
  const spatial = x.slice(2);
  const extents = window.kernel.map((size, i) => (size - 1) * window.dilations[i]! + 1);
  const attributes: Attributes = {
    strides: window.strides,
    ...(window.dilations.some((step) => step !== 1) ? { dilations: window.dilations } : {}),
  };
  const pads = spatial.map((size, i) => padsOf(window, size, window.strides[i]!, extents[i]!));
  const dims = spatial.map((size, i) => {
    if (size === null) return null;
    const [stride, extent] = [window.strides[i]!, extents[i]!];
    const length = window.padding === 'valid' ? Math.floor((size - extent) / stride) + 1 : Math.ceil(size / stride);
    return length >= 1 ? length : call.fail(`slides a window of ${extent} over ${size} elements`);
  });
  const whole = [x[0]!, channels, ...dims];
  // Unknown sizes: the engine finds the pads, TensorFlow's rule is SAME_UPPER.
  if (pads.includes(undefined)) return { dims: whole, attributes: { ...attributes, auto_pad: 'SAME_UPPER' } };
  const explicit = [...pads.map((pad) => pad![0]), ...pads.map((pad) => pad![1])];
  return {
    dims: whole,
    attributes: explicit.some((amount) => amount > 0) ? { ...attributes, pads: explicit } : attributes,
  };
}

type Attributes = Readonly<Record<string, AttributeValue>>;

/** TensorFlow's "same": as many windows as strides begin, the odd element of padding behind. */
function padsOf(window: Window, size: number | null, stride: number, extent: number): [number, number] | undefined {
  if (window.padding === 'valid') return [0, 0];
  if (window.padding === 'causal') return [extent - 1, 0];
  if (size === null && stride > 1) return undefined;
  const total = Math.max(0, size === null ? extent - 1 : (Math.ceil(size / stride) - 1) * stride + extent - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/**
 * Runs ops that want [N, C, spatial...] on a value of either layout.
 * @param rank number of spatial axes.
 */
export function inChannelsFirst(call: LayerCall, x: Value, rank: number, run: (x: Value) => Value): Value {
  if (x.dims.length !== rank + 2) return call.fail(`takes a tensor of ${x.dims.length} axes instead of ${rank + 2}`);
  if (channelsFirst(call)) return run(x);
  return backToLast(call, run(toFirst(call, x)));
}

/** [N, spatial..., C] to [N, C, spatial...]. */
export function toFirst(call: LayerCall, x: Value): Value {
  const rank = x.dims.length;
  return call.build.transpose(x, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]);
}

export function backToLast(call: LayerCall, x: Value): Value {
  const rank = x.dims.length;
  return call.build.transpose(x, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
}
