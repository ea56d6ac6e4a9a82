import type { Tensor } from '../../../core/onnx/graph.js';
import type { Bundle } from './bundle.js';
import type { TfGraph, TfNode } from './graph.js';
import { dataInputs, outputIndex } from './refs.js';

/**
 * Which key of the checkpoint each variable of the main graph is restored from.
 *
 * A SavedModel carries the graph that loads its checkpoint: RestoreV2(file, keys, slices) gives the values, an assignment
 * takes each to its variable. TF1 has it in the main graph, TF2 in a function that gets the variables as arguments.
 *
 * Of a model of Keras 3, `tf.saved_model.save` restores copies: the variables that the model reads are those that the copies
 * were initialised from. Variables that nothing restores go by the name they are shared under.
 */
export function restoredKeys(graph: TfGraph): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  const main = new Map(graph.nodes.map((node) => [node.name, node]));
  const none = (): undefined => undefined;
  for (const node of graph.nodes) {
    assigned(node, main, none, keys);
    if (node.op !== 'StatefulPartitionedCall' && node.op !== 'PartitionedCall') continue;
    const named = node.attrs.get('f');
    const called = named?.kind === 'func' ? graph.functions.get(named.value) : undefined;
    if (!called?.nodes.some(({ op }) => op === 'RestoreV2')) continue;
    const given = dataInputs(node);
    const inner = new Map(called.nodes.map((member) => [member.name, member]));
    const argument = (name: string): string | undefined => {
      const at = called.inputs.indexOf(name);
      return at < 0 ? undefined : given[at];
    };
    for (const member of called.nodes) assigned(member, inner, argument, keys);
  }
  for (const node of graph.nodes) {
    if (node.op !== 'AssignVariableOp') continue;
    const [copy = '', value = ''] = dataInputs(node).map(nodeOf);
    const initial = main.get(value);
    const original = initial?.op === 'ReadVariableOp' ? nodeOf(dataInputs(initial)[0] ?? '') : '';
    const key = keys.get(copy);
    if (original && key !== undefined && !keys.has(original)) keys.set(original, key);
  }
  return keys;
}

/** What a variable holds by the key it is restored from, or by its own name. */
export function variableReader(graph: TfGraph, bundle: Bundle): (handle: TfNode) => Tensor | undefined {
  const keys = restoredKeys(graph);
  return (handle) => {
    const shared = handle.attrs.get('shared_name');
    const candidates = [keys.get(handle.name), shared?.kind === 'string' ? shared.value : undefined, handle.name];
    for (const key of candidates) {
      const tensor = key === undefined ? undefined : bundle.tensor(key);
      if (tensor) return tensor;
    }
    return undefined;
  };
}

/** Notes one assignment: from the variable, through arguments of a function, and the value, through Identity, to a key. */
function assigned(
  node: TfNode,
  nodes: ReadonlyMap<string, TfNode>,
  argument: (name: string) => string | undefined,
  keys: Map<string, string>,
): void {
  if (node.op !== 'AssignVariableOp' && node.op !== 'Assign') return;
  const [target = '', value = ''] = dataInputs(node);
  let [name, ...rest] = value.split(':') as [string, ...string[]];
  for (let steps = 0; steps < maxSteps; steps++) {
    const source = nodes.get(name);
    if (source?.op === 'RestoreV2') {
      const tensor = nodes.get(nodeOf(dataInputs(source)[1] ?? ''))?.attrs.get('value');
      const list = tensor?.kind === 'tensor' ? tensor.value() : undefined;
      const key = list?.dtype === 'string' ? list.data[outputIndex(source, rest, undefined) ?? -1] : undefined;
      const variable = nodes.has(nodeOf(target)) ? nodeOf(target) : nodeOf(argument(nodeOf(target)) ?? '');
      if (typeof key === 'string' && variable) keys.set(variable, key);
      return;
    }
    if (source?.op !== 'Identity' && source?.op !== 'Cast') return;
    [name, ...rest] = (dataInputs(source)[0] ?? '').split(':') as [string, ...string[]];
  }
}

const maxSteps = 8;

function nodeOf(ref: string): string {
  return ref.split(':')[0]!;
}
