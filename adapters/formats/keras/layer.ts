import type { Tensor } from '../../../core/onnx/graph.js';
import type { Build, Dims, Value } from './build.js';
import type { Argument } from './calls.js';
import type { Settings } from './settings.js';

/** One use of a layer, as its rule sees it. */
export interface LayerCall {
  readonly name: string;
  readonly className: string;
  readonly settings: Settings;
  readonly isOperation: boolean;
  /** 2 or 3: some functions of the same name differ. */
  readonly generation: 2 | 3;
  readonly build: Build;
  /** All tensors of the arguments, those of lists one by one. */
  readonly inputs: readonly Value[];
  readonly args: readonly Operand[];
  readonly options: ReadonlyMap<string, Operand>;
  /**
   * Reads the variables of the layer, in the order in which Keras makes them.
   * @param part of a layer that has layers inside.
   * @throws ScanError where one is missing.
   */
  variables(names: readonly string[], part?: Part): Tensor[];
  /** A constant made once, however often the layer is used. */
  once(key: string, make: () => Tensor): Value;
  /** Another layer's rule on a value: the one that a wrapper wraps. */
  apply(layer: unknown, part: Part, x: Value): Value;
  /** Malformed. */
  readonly fail: (problem: string) => never;
  /** Not translated. */
  readonly refuse: (problem: string) => never;
}

/** Name of an inner layer as in the names of weights, and its place in Keras 3's store. */
export interface Part {
  readonly name: string;
  readonly store: string;
}

/** An argument with its tensors resolved. */
export type Operand =
  | { readonly kind: 'tensor'; readonly value: Value }
  | { readonly kind: 'list'; readonly items: readonly Operand[] }
  | Exclude<Argument, { kind: 'tensor' | 'list' }>;

export type LayerRule = (call: LayerCall) => Value | readonly Value[];

export type RuleTable = Readonly<Record<string, LayerRule>>;

/** The only tensor a layer takes. */
export function input(call: LayerCall): Value {
  const [x, ...rest] = call.inputs;
  if (!x) return call.fail('takes no tensor');
  if (rest.length > 0) call.fail(`takes ${rest.length + 1} tensors instead of one`);
  return x;
}

/** Whether a call says yes to something by name. */
export function switchedOn({ options }: LayerCall, name: string): boolean {
  const option = options.get(name);
  return option?.kind === 'constant' && option.value === true;
}

/** Where the channels of an image lie: `data_format`. */
export function channelsFirst(call: LayerCall): boolean {
  const format = call.settings.text('data_format', 'channels_last');
  if (format === 'channels_first') return true;
  return format === 'channels_last' ? false : call.fail(`has the data_format '${format}'`);
}

/** 0 to rank - 1. */
export function axisOf(call: LayerCall, axis: number, dims: Dims): number {
  const place = axis < 0 ? axis + dims.length : axis;
  return place >= 0 && place < dims.length ? place : call.fail(`names axis ${axis} of a tensor of ${dims.length} axes`);
}

/** A size that the layer cannot do without. */
export function known(call: LayerCall, dims: Dims, axis: number): number {
  return dims[axis] ?? call.refuse(`needs axis ${axis} of its input to have a fixed size`);
}

/** @throws ScanError for a weight that is not of this shape. */
export function expectShape(call: LayerCall, tensor: Tensor, name: string, dims: readonly number[]): void {
  if (tensor.dims.join() !== dims.join())
    call.fail(`has a ${name} of shape [${tensor.dims.join(', ')}] where its settings ask for [${dims.join(', ')}]`);
}
