import { createEmitter } from '../../../core/compile/emit.js';
import type { Graph, Node, ValueInfo } from '../../../core/onnx/graph.js';
import { liveNodes } from '../../../core/onnx/live.js';
import type { Body, Walk } from './body.js';
import { opset } from './opset.js';
import { byName, type ImportRequest } from './request.js';
import { createShadow } from './shadow.js';
import { evaluateRefs } from './walk.js';

/**
 * A TensorFlow graph as an ONNX graph: functions inlined, variables replaced by their values, control edges dropped. Only
 * what the outputs need is looked at. Values keep their TensorFlow names, what has no counterpart is named after its node.
 *
 * @throws ScanError `model-unsupported-op`, `model-malformed`, `model-too-large`.
 */
export function importGraph(request: ImportRequest): Graph {
  const { graph, file, inputs, outputs } = request;
  const infos = [...inputs.values()];
  const emit = createEmitter(new Set([...infos, ...outputs].map(({ name }) => name)));
  const walk: Walk = {
    request,
    state: {
      file,
      advice: request.advice,
      emit,
      shadow: createShadow(emit, infos),
      turned: new Map(),
      pieces: new Map(),
    },
    named: new Map(),
    scopes: new Map(),
    visited: 0,
  };
  const body: Body = {
    nodes: byName(graph.nodes, file),
    arguments: new Map([...inputs].map(([node, { name }]) => [node, name])),
    values: new Map(),
    depth: 0,
    inFunction: false,
  };
  const values = evaluateRefs(
    walk,
    body,
    outputs.map(({ ref }) => ref),
  );
  return assembled(walk, infos, values);
}

/** Gives values their TensorFlow names and the outputs theirs, and leaves out what nothing reads. */
function assembled({ request, state, named }: Walk, inputs: readonly ValueInfo[], values: readonly string[]): Graph {
  const { emit } = state;
  const made = new Set(emit.nodes.flatMap(({ outputs }) => outputs));
  const taken = new Set([...made, ...emit.initializers.keys(), ...inputs.map(({ name }) => name)]);
  for (const { name } of request.outputs) taken.add(name);
  const names = new Map<string, string>();
  const extra: Node[] = [];
  const outputs = request.outputs.map(({ name }, i): ValueInfo => {
    const value = values[i]!;
    const type = state.shadow.typeOf(value);
    if (made.has(value) && !names.has(value)) names.set(value, name);
    else {
      extra.push({ name, op: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: new Map() });
    }
    // Only the rank of what was inferred is certain: sizes were guessed.
    return { name, dtype: type?.dtype ?? 'float32', dims: undefined };
  });
  for (const [value, name] of named) {
    if (names.has(value) || taken.has(name)) continue;
    taken.add(name);
    names.set(value, name);
  }
  const renamed = (name: string): string => names.get(name) ?? name;
  const nodes = [...emit.nodes, ...extra].map((node) => ({
    ...node,
    inputs: node.inputs.map(renamed),
    outputs: node.outputs.map((name) => (made.has(name) ? renamed(name) : name)),
  }));
  const live = liveNodes(
    nodes,
    outputs.map(({ name }) => name),
  );
  const read = new Set(live.flatMap((node) => node.inputs));
  return {
    name: request.file,
    irVersion: 10,
    producer: request.producer,
    opsets: new Map([['', opset]]),
    inputs: inputs.filter(({ name }) => read.has(name)),
    outputs,
    nodes: live,
    initializers: new Map([...emit.initializers].filter(([name]) => read.has(name))),
    metadata: new Map(),
  };
}
