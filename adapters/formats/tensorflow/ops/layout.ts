import type { OpContext } from '../context.js';

/** Whether the channels of a node's images lie last. @throws ScanError `model-unsupported-op` for other layouts. */
export function channelsLast(c: OpContext): boolean {
  const format = c.text('data_format', 'NHWC');
  if (format === 'NHWC') return true;
  if (format === 'NCHW') return false;
  return c.unsupported(`has the data format ${format}`);
}

/** Runs an operation of [N, C, H, W] values on a value of the node's layout. */
export function inChannelsFirst(c: OpContext, value: string, run: (value: string) => string): string {
  if (!channelsLast(c)) return run(value);
  return toChannelsLast(c, run(toChannelsFirst(c, value)));
}

export function toChannelsFirst(c: OpContext, value: string): string {
  return c.emit.transpose(value, [0, 3, 1, 2]);
}

export function toChannelsLast(c: OpContext, value: string): string {
  return c.emit.transpose(value, [0, 2, 3, 1]);
}

/** Height and width of an attribute with one entry per axis; `fallback` where it is absent. */
export function spatialPair(c: OpContext, values: readonly number[], fallback: number): [number, number] {
  if (values.length === 0) return [fallback, fallback];
  if (values.length !== 4) return c.malformed(`has ${values.length} entries for the four axes of an image`);
  const [n, h, w, last] = channelsLast(c)
    ? [values[0]!, values[1]!, values[2]!, values[3]!]
    : [values[0]!, values[2]!, values[3]!, values[1]!];
  if (n !== 1 || last !== 1) c.unsupported('steps over images or channels');
  return [h, w];
}

/** Channels of an image value in the node's layout, where they are known. */
export function channelsOf(c: OpContext, value: string): number | undefined {
  return c.typeOf(value)?.dims[channelsLast(c) ? 3 : 1];
}

/** `padding` in ONNX's terms. TensorFlow's SAME puts the odd element at the end. */
export function paddingOf(c: OpContext): { auto_pad: string } | { pads: number[] } | Record<string, never> {
  const padding = c.text('padding', 'VALID');
  if (padding === 'SAME') return { auto_pad: 'SAME_UPPER' };
  if (padding === 'VALID') return {};
  if (padding !== 'EXPLICIT') return c.malformed(`has the padding ${padding}`);
  const pads = c.list('explicit_paddings');
  if (pads.length !== 8) return c.malformed(`has ${pads.length} explicit paddings, not 8`);
  const [h, w] = channelsLast(c) ? [2, 4] : [4, 6];
  return { pads: [pads[h]!, pads[w]!, pads[h + 1]!, pads[w + 1]!] };
}
