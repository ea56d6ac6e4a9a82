import { isObject, isWhole } from './settings.js';

/** One use of a layer. */
export interface Call {
  readonly args: readonly Argument[];
  /** Arguments by name. */
  readonly options: ReadonlyMap<string, Argument>;
}

export type Argument =
  | { readonly kind: 'tensor'; readonly reference: Reference }
  | { readonly kind: 'list'; readonly items: readonly Argument[] }
  | {
      readonly kind: 'slice';
      readonly start: number | null;
      readonly stop: number | null;
      readonly step: number | null;
    }
  | { readonly kind: 'ellipsis' }
  /** A number, text, flag or null. */
  | { readonly kind: 'constant'; readonly value: unknown };

/** Output `tensor` of the call number `call` of a layer. */
export interface Reference {
  readonly layer: string;
  readonly call: number;
  readonly tensor: number;
}

/**
 * One entry of `inbound_nodes`. Keras 3 writes `{ args, kwargs }` with tensors as `__keras_tensor__`; Keras 2 writes a list of
 * `[layer, call, tensor, options]`, for functions of TensorFlow a single such entry.
 * @param names of the layers there are, which tell a reference from other lists.
 */
export function parseCall(node: unknown, names: ReadonlySet<string>, fail: (problem: string) => never): Call {
  if (isObject(node)) {
    const parse = (value: unknown): Argument => argumentOf(value, () => undefined, fail, 0);
    const args = parse(own(node, 'args') ?? []);
    const named = own(node, 'kwargs') ?? {};
    if (args.kind !== 'list' || !isObject(named)) return fail('is called in a way that is not known');
    return { args: args.items, options: optionsOf(named, parse) };
  }
  if (!Array.isArray(node)) return fail('is called in a way that is not known');
  const tensor = (value: readonly unknown[]): Reference | undefined => referenceOf(value, names);
  const parse = (value: unknown): Argument => argumentOf(value, tensor, fail, 0);
  const list = node as unknown[];
  const single = typeof list[0] === 'string';
  const entries = single ? [list] : list;
  const inputs = entries.map((entry) => {
    if (!Array.isArray(entry)) return fail('is called in a way that is not known');
    // A constant in place of the first tensor.
    if (entry[0] === '_CONSTANT_VALUE') return parse(entry[2]);
    const reference = referenceOf(entry.slice(0, 3) as unknown[], names);
    return reference ? ({ kind: 'tensor', reference } as const) : fail('takes what no layer gives');
  });
  const named = entries.map((entry) => (entry as unknown[])[3]).filter(isObject);
  const options = new Map(named.flatMap((each) => [...optionsOf(each, parse)]));
  return { args: inputs.length === 1 ? inputs : [{ kind: 'list', items: inputs }], options };
}

function referenceOf(value: readonly unknown[], names: ReadonlySet<string>): Reference | undefined {
  const [layer, call, tensor] = value;
  const fits = value.length === 3 && typeof layer === 'string' && names.has(layer) && isWhole(call) && isWhole(tensor);
  return fits ? { layer, call, tensor } : undefined;
}

function optionsOf(
  named: Readonly<Record<string, unknown>>,
  parse: (value: unknown) => Argument,
): Map<string, Argument> {
  return new Map(Object.entries(named).map(([name, value]) => [name, parse(value)]));
}

function argumentOf(
  value: unknown,
  tensor: (value: readonly unknown[]) => Reference | undefined,
  fail: (problem: string) => never,
  depth: number,
): Argument {
  if (depth > 8) return fail('is called with lists in lists in lists');
  const inner = (each: unknown): Argument => argumentOf(each, tensor, fail, depth + 1);
  if (Array.isArray(value)) {
    const reference = tensor(value as unknown[]);
    return reference ? { kind: 'tensor', reference } : { kind: 'list', items: value.map(inner) };
  }
  if (!isObject(value)) return { kind: 'constant', value };
  const config = own(value, 'config');
  const field = (key: string): unknown => (isObject(config) ? own(config, key) : undefined);
  switch (own(value, 'class_name')) {
    case '__keras_tensor__': {
      const history = field('keras_history');
      const [layer, call, index] = Array.isArray(history) ? (history as unknown[]) : [];
      if (typeof layer !== 'string' || !isWhole(call) || !isWhole(index))
        return fail('takes a tensor of unknown origin');
      return { kind: 'tensor', reference: { layer, call, tensor: index } };
    }
    case '__tuple__':
      return inner(field('value') ?? own(value, 'items') ?? []);
    case '__numpy__':
    case '__tensor__':
      return inner(field('value'));
    case '__ellipsis__':
      return { kind: 'ellipsis' };
    case '__slice__': {
      const bounds = ['start', 'stop', 'step'].map((key) => field(key) ?? null);
      return sliceOf(bounds, fail);
    }
    default:
      // Keras 2 writes a slice as its three fields.
      return Object.hasOwn(value, 'start') && Object.hasOwn(value, 'stop')
        ? sliceOf(
            ['start', 'stop', 'step'].map((key) => own(value, key) ?? null),
            fail,
          )
        : { kind: 'constant', value };
  }
}

function sliceOf(bounds: readonly unknown[], fail: (problem: string) => never): Argument {
  if (!bounds.every((bound) => bound === null || isWhole(bound)))
    return fail('cuts at places that are no whole numbers');
  const [start, stop, step] = bounds as (number | null)[];
  return { kind: 'slice', start: start!, stop: stop!, step: step! };
}

function own(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
