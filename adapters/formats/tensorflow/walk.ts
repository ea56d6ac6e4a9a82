import { numbersOf } from '../../../core/onnx/tensor.js';
import { ScanError } from '../../../core/scan/errors.js';
import { dead, refused, scopeOf, type Body, type Value, type Walk } from './body.js';
import { opContext } from './context.js';
import type { TfNode } from './graph.js';
import { converters } from './ops/index.js';
import { inOrder } from './order.js';
import { dataInputs, outputIndex } from './refs.js';
import { byName } from './request.js';
import { specialOf, type Call } from './special.js';

/** The ONNX values of some values of the main graph. */
export function evaluateRefs(walk: Walk, body: Body, refs: readonly string[]): string[] {
  return resolveAll(walk, body, refs).map((value, i) => {
    if (typeof value === 'string') return value;
    throw new ScanError(
      'model-unsupported-op',
      `${walk.request.file}: '${refs[i]}' is no tensor. ${walk.request.advice}`,
    );
  });
}

function resolveAll(walk: Walk, body: Body, refs: readonly string[]): Value[] {
  for (const node of inOrder(walk, body, refs)) {
    if (++walk.visited > walk.request.limits.maxNodes) {
      const { maxNodes } = walk.request.limits;
      throw new ScanError('model-too-large', `${walk.request.file}: more than ${maxNodes} nodes (limit maxNodes)`);
    }
    const inputs = dataInputs(node).map((ref) => lookUp(walk, body, ref));
    body.values.set(node.name, visit(walk, body, node, inputs));
  }
  return refs.map((ref) => lookUp(walk, body, ref));
}

function lookUp(walk: Walk, body: Body, ref: string): Value {
  const [name, ...rest] = ref.split(':') as [string, ...string[]];
  const argument = body.arguments.get(name);
  if (argument !== undefined) return argument;
  const node = body.nodes.get(name);
  const values = body.values.get(name);
  const index = node && outputIndex(node, rest, body.inFunction ? walk.request.graph.functions : undefined);
  const value = index === undefined ? undefined : values?.[index];
  if (value !== undefined) return value;
  throw new ScanError(
    'model-malformed',
    `${walk.request.file}: '${ref}' is no value of the graph; export the model again`,
  );
}

function visit(walk: Walk, body: Body, node: TfNode, inputs: readonly Value[]): readonly Value[] {
  // Only a Merge takes up what a branch not taken leaves.
  if (node.op !== 'Merge' && inputs.includes(dead)) return new Array<Value>(maxDeadOutputs).fill(dead);
  const special = specialOf(node.op);
  if (special) {
    const result = special(walk, body, node, inputs);
    return 'called' in result ? call(walk, body, node, result) : result;
  }
  const called = walk.request.graph.functions.get(node.op);
  if (called) return call(walk, body, node, { called, inputs });
  return converted(walk, node, inputs);
}

const maxDeadOutputs = 64;

function converted(walk: Walk, node: TfNode, inputs: readonly Value[]): readonly Value[] {
  const { state, named } = walk;
  const convert = converters.get(node.op);
  if (!convert) throw refused(walk, node);
  const names = inputs.map((value) => {
    if (typeof value === 'string') return value;
    throw refused(walk, node, 'works on a variable, not on its value');
  });
  const before = state.emit.nodes.length;
  state.emit.scope(scopeOf(walk, node.name));
  const result = convert(opContext(state, node, names));
  const outputs = typeof result === 'string' ? [result] : result;
  const last = state.emit.nodes.at(-1);
  // A value that the node only hands on keeps the name it has.
  if (state.emit.nodes.length > before && last?.outputs[0] === outputs[0]) named.set(outputs[0]!, node.name);
  if (node.op === 'Pack') state.pieces.set(outputs[0]!, piecesOf(walk, names));
  return outputs;
}

/** What is known of a vector whose scalars are joined: a shape of which only the batch is computed, say. */
function piecesOf({ state }: Walk, scalars: readonly string[]): (number | undefined)[] {
  return scalars.map((name) => {
    const tensor = state.shadow.constantOf(name);
    return tensor?.data.length === 1 && tensor.dtype.includes('int') ? numbersOf(tensor)[0] : undefined;
  });
}

/** The body of a function in the place of a call. */
function call(walk: Walk, outer: Body, node: TfNode, { called, inputs }: Call): readonly Value[] {
  const { file, limits } = walk.request;
  if (outer.depth >= limits.maxCallDepth) {
    throw new ScanError(
      'model-too-large',
      `${file}: functions call each other more than ${limits.maxCallDepth} deep at '${called.name}' (limit maxCallDepth)`,
    );
  }
  if (inputs.length !== called.inputs.length) {
    throw new ScanError(
      'model-malformed',
      `${file}: node '${node.name}' gives ${inputs.length} arguments to '${called.name}', which takes ${called.inputs.length}`,
    );
  }
  const body: Body = {
    nodes: byName(called.nodes, file),
    arguments: new Map(called.inputs.map((name, i) => [name, inputs[i]!])),
    values: new Map(),
    depth: outer.depth + 1,
    inFunction: true,
  };
  const refs = called.outputs.map((output) => called.ret.get(output) ?? output);
  return resolveAll(walk, body, refs);
}
