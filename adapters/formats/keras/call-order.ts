import type { Argument, Call, Reference } from './calls.js';
import type { Refusals } from './errors.js';
import type { KerasLayer, KerasModel } from './model.js';

export interface OrderedCall {
  readonly layer: KerasLayer;
  readonly index: number;
  readonly call: Call;
}

/**
 * The calls of a model's layers, each behind all that it needs.
 * @throws ScanError where they go round in a circle or need what there is not.
 */
export function callOrder(model: KerasModel, title: string, refuse: Refusals): OrderedCall[] {
  const inputs = new Set(model.inputs.map(({ layer }) => layer));
  const calls = model.layers.flatMap((layer) =>
    layer.className === 'InputLayer'
      ? []
      : layer.calls.flatMap((call, index) =>
          call.args.length + call.options.size > 0 ? [{ layer, index, call }] : [],
        ),
  );
  const known = new Set(calls.map(({ layer, index }) => keyOf(layer.name, index)));
  for (const name of inputs) known.add(keyOf(name, 0));
  const waiting = new Map<string, { readonly entry: OrderedCall; left: number }[]>();
  const ready: OrderedCall[] = [];
  for (const entry of calls) {
    const needs = new Set([...entry.call.args, ...entry.call.options.values()].flatMap(referencesOf));
    const missing = [...needs].find((key) => !known.has(key));
    if (missing !== undefined)
      refuse.malformed(
        `layer '${entry.layer.name}' of ${title} takes the output of '${missing.replace('\0', "', call ")}, which there is not`,
      );
    const open = [...needs].filter((key) => !isInput(key, inputs));
    if (open.length === 0) ready.push(entry);
    const state = { entry, left: open.length };
    for (const key of open) waiting.set(key, [...(waiting.get(key) ?? []), state]);
  }
  // The list grows while it is walked.
  for (const { layer, index } of ready) {
    for (const state of waiting.get(keyOf(layer.name, index)) ?? []) if (--state.left === 0) ready.push(state.entry);
  }
  if (ready.length < calls.length) {
    const done = new Set(ready);
    const stuck = calls.find((entry) => !done.has(entry))!;
    refuse.malformed(
      `layers of ${title} need each other in a circle; '${stuck.layer.name}' is one of them or behind them`,
    );
  }
  return ready;
}

export function keyOf(layer: string, call: number): string {
  return `${layer}\0${call}`;
}

function referencesOf(argument: Argument): string[] {
  if (argument.kind === 'tensor') return [keyOfReference(argument.reference)];
  return argument.kind === 'list' ? argument.items.flatMap(referencesOf) : [];
}

function keyOfReference({ layer, call }: Reference): string {
  return keyOf(layer, call);
}

function isInput(key: string, inputs: ReadonlySet<string>): boolean {
  const [name, call] = key.split('\0');
  return call === '0' && inputs.has(name!);
}
