import { ScanError } from '../scan/errors.js';
import { evaluate } from './evaluate/index.js';
import { newBudget } from './evaluate/budget.js';
import type { FoldBudget } from './evaluate/budget.js';
import { graphOf } from './attributes.js';
import { canonical } from './canonical.js';
import { passedThrough } from './pass-through.js';
import { bytesOf } from './dtypes.js';
import type { Graph, Node, Tensor, ValueInfo } from './graph.js';
import { liveNodes } from './live.js';
import { inferTypes } from './shapes/index.js';
import { describeNode, malformed } from './shapes/call.js';
import type { OpCall, ValueType } from './shapes/call.js';
import { newScope } from './scope.js';
import { resolveSequence } from './sequences.js';
import type { SequenceResult, Sequences } from './sequences.js';
import type { Scope } from './scope.js';
import { numbersOf, sizeOf } from './tensor.js';

export type { ValueType } from './shapes/call.js';

export interface StaticGraph {
  /**
   * Only nodes that depend on the graph inputs and that the outputs need; everything constant became an initializer, except
   * where the evaluator does not know the op.
   */
  readonly graph: Graph;
  /** Concrete type and shape of every value: inputs, initializers, node outputs. */
  readonly types: ReadonlyMap<string, ValueType>;
}

/**
 * Fixes all shapes, folds what does not depend on the inputs, resolves conditions and drops what computes nothing.
 * Declared shapes of inner values are never trusted.
 *
 * @param inputDims concrete dims per graph input; an input with fixed declared dims may be left out
 * @param outputs names of the values to keep; inner values are fine
 * @throws ScanError `model-malformed`, `model-unsupported-op`, `model-too-large`
 */
export function specialise(
  graph: Graph,
  inputDims: ReadonlyMap<string, readonly number[]>,
  outputs: readonly string[],
): StaticGraph {
  const state: State = {
    graph,
    types: new Map(),
    constants: new Map(),
    sequences: new Map(),
    nodes: [],
    budget: newBudget(graph),
  };
  const scope = newScope(graph);
  const inputs = bindInputs(graph, inputDims);
  for (const { name, dtype, dims } of inputs) state.types.set(name, { dtype, dims: dims as readonly number[] });
  for (const [name, tensor] of graph.initializers) define(state, name, tensor);
  for (const node of liveNodes(graph.nodes, outputs)) visit(state, scope, node);
  const values = outputs.map((name) => keepOutput(state, scope, name));
  return finish(state, inputs, inputDims, values);
}

interface State {
  readonly graph: Graph;
  readonly types: Map<string, ValueType>;
  readonly constants: Map<string, Tensor>;
  readonly sequences: Sequences;
  readonly nodes: Node[];
  readonly budget: FoldBudget;
}

function bindInputs(graph: Graph, inputDims: ReadonlyMap<string, readonly number[]>): ValueInfo[] {
  for (const name of inputDims.keys()) {
    if (!graph.inputs.some((input) => input.name === name)) {
      throw new ScanError('model-ambiguous', `the model has no input named "${name}"`);
    }
  }
  return graph.inputs.flatMap((input) => {
    const dims = inputDims.get(input.name) ?? input.dims;
    // An input whose shape nobody knows is fine as long as nothing that is needed reads it.
    return dims?.every((dim) => typeof dim === 'number') ? [{ ...input, dims }] : [];
  });
}

function define(state: State, name: string, tensor: Tensor): void {
  state.constants.set(name, tensor);
  state.types.set(name, { dtype: tensor.dtype, dims: tensor.dims });
}

/** Takes over one node: as a constant, as another name of its input, as the nodes of a branch, or as it is. */
function visit(state: State, scope: Scope, original: Node): void {
  const node = { ...original, inputs: original.inputs.map((name) => (name === '' ? '' : scope.resolve(name))) };
  const call = callOf(state, node);
  if (node.domain === '') {
    if (node.op === 'If') {
      inlineBranch(state, scope, call);
      return;
    }
    if (node.op === 'Loop' || node.op === 'Scan' || node.op === 'SequenceMap') throw controlFlow(call);
  }
  const sequence = resolveSequence(call, state.sequences, (hint) => scope.fresh(hint));
  if (sequence !== undefined) {
    takeSequence(state, scope, node.outputs[0]!, sequence);
    return;
  }
  place(state, scope, call);
}

/** A node whose inputs are tensors under their final names. */
function place(state: State, scope: Scope, call: OpCall): void {
  const { node } = call;
  const source = passedThrough(call);
  if (source !== undefined) {
    if (node.outputs[0] !== '') scope.alias(node.outputs[0]!, source);
    // The mask of a Dropout that drops nothing.
    const mask = node.outputs[1] ?? '';
    if (mask !== '') foldMask(state, scope, call, mask);
    return;
  }
  const folded = evaluate(call, state.budget);
  if (folded !== undefined) {
    folded.forEach((tensor, i) => {
      const name = node.outputs[i] ?? '';
      if (name !== '') define(state, scope.declare(name), tensor);
    });
    return;
  }
  const types = inferTypes(call);
  const named = node.outputs.map((name) => (name === '' ? '' : scope.declare(name)));
  named.forEach((name, i) => name !== '' && state.types.set(name, types[i]!));
  state.nodes.push({ ...canonical(call), outputs: named });
}

function callOf(state: State, node: Node): OpCall {
  const opset = opsetOf(state.graph, node);
  for (const name of node.inputs) {
    const known = name === '' || state.types.has(name) || state.sequences.has(name);
    if (!known) throw missingInput(state.graph, node, name);
  }
  return {
    node,
    opset,
    types: node.inputs.map((name) => state.types.get(name)),
    constants: node.inputs.map((name) => state.constants.get(name)),
  };
}

function takeSequence(state: State, scope: Scope, output: string, result: SequenceResult): void {
  switch (result.kind) {
    case 'sequence':
      state.sequences.set(scope.declare(output), result.elements);
      break;
    case 'value':
      scope.alias(output, result.name);
      break;
    case 'constant':
      define(state, scope.declare(output), result.tensor);
      break;
    case 'nodes':
      for (const [name, tensor] of result.constants) define(state, name, tensor);
      for (const node of result.nodes) place(state, { ...scope, declare: (name) => name }, callOf(state, node));
      takeSequence(state, scope, output, result.then);
  }
}

function foldMask(state: State, scope: Scope, call: OpCall, name: string): void {
  const { dims, dtype } = call.types[0]!;
  const maskType = call.opset < 10 ? dtype : 'bool';
  state.budget.spend(call, sizeOf(dims) * bytesOf(maskType), sizeOf(dims));
  const data = maskType === 'bool' ? new Uint8Array(sizeOf(dims)).fill(1) : new Float32Array(sizeOf(dims)).fill(1);
  define(state, scope.declare(name), { dtype: maskType, dims, data });
}

/** A condition that does not depend on the image leaves one branch, whose names become names of the graph. */
function inlineBranch(state: State, scope: Scope, call: OpCall): void {
  const { node } = call;
  const condition = call.constants[0];
  if (condition === undefined) throw controlFlow(call);
  if (condition.dtype !== 'bool' || condition.data.length !== 1) throw malformed(call, 'needs one bool as condition');
  const name = numbersOf(condition)[0] ? 'then_branch' : 'else_branch';
  const branch = graphOf(node, name, undefined);
  if (branch === undefined || branch.outputs.length < node.outputs.length) {
    throw new ScanError('model-malformed', `${describeNode(node, call.opset)} lacks a ${name} with its outputs`);
  }
  const title = node.name === '' ? node.outputs[0]! : node.name;
  const inner = scope.child(`${title}.${name === 'then_branch' ? 'then' : 'else'}`);
  for (const [local, tensor] of branch.initializers) define(state, inner.declare(local), tensor);
  const results = branch.outputs.map((output) => output.name);
  for (const member of liveNodes(branch.nodes, results)) visit(state, inner, member);
  node.outputs.forEach((output, i) => {
    if (output !== '') scope.alias(output, inner.resolve(results[i]!));
  });
}

function controlFlow({ node, opset }: OpCall): ScanError {
  const why = node.op === 'If' ? 'a condition that depends on the image' : 'a loop';
  return new ScanError(
    'model-unsupported-op',
    `${describeNode(node, opset)} is ${why}, which is not supported; export the model by tracing, with fixed shapes`,
  );
}

/** An output that turned out to be another name of a value gets an Identity, a constant one an initializer. */
function keepOutput(state: State, scope: Scope, name: string): string {
  const source = scope.resolve(name);
  if (!state.types.has(source)) {
    throw new ScanError('model-ambiguous', `the model has no value named "${name}"`);
  }
  if (source === name) return name;
  const constant = state.constants.get(source);
  if (constant !== undefined) {
    define(state, name, constant);
  } else {
    state.nodes.push({ name, op: 'Identity', domain: '', inputs: [source], outputs: [name], attributes: new Map() });
    state.types.set(name, state.types.get(source)!);
  }
  return name;
}

/** Cuts what folding left without a reader. */
function finish(
  state: State,
  bound: readonly ValueInfo[],
  inputDims: ReadonlyMap<string, readonly number[]>,
  outputs: readonly string[],
): StaticGraph {
  const used = new Set(outputs);
  const nodes = liveNodes(state.nodes, outputs);
  for (const node of nodes) for (const name of node.inputs) used.add(name);
  // An engine wants every input fed: one that nothing reads must go, unless the caller means to feed it.
  const inputs = bound.filter(({ name }) => used.has(name) || inputDims.has(name));
  const initializers = new Map([...state.constants].filter(([name]) => used.has(name)));
  const types = new Map<string, ValueType>();
  const keep = (name: string) => name !== '' && types.set(name, state.types.get(name)!);
  for (const { name } of inputs) keep(name);
  for (const name of initializers.keys()) keep(name);
  const trimmed = nodes.map((node) => withoutUnread(node, used));
  for (const node of trimmed) for (const name of node.outputs) keep(name);
  return {
    graph: {
      ...state.graph,
      inputs,
      outputs: outputs.map((name) => ({ name, ...types.get(name)! })),
      nodes: trimmed,
      initializers,
    },
    types,
  };
}

/** Ops whose outputs after the first are optional. */
const optionalOutputs = new Set([
  'Attention',
  'BatchNormalization',
  'GRU',
  'LSTM',
  'LayerNormalization',
  'MaxPool',
  'RNN',
  'SkipLayerNormalization',
]);

function withoutUnread(node: Node, used: ReadonlySet<string>): Node {
  if (!optionalOutputs.has(node.op)) return node;
  const outputs = [...node.outputs];
  while (outputs.length > 1 && !used.has(outputs.at(-1)!)) outputs.pop();
  return { ...node, outputs };
}

function opsetOf(graph: Graph, node: Node): number {
  const opset = graph.opsets.get(node.domain);
  if (opset === undefined) {
    throw new ScanError(
      'model-malformed',
      `${describeNode(node, 0)} belongs to the domain "${node.domain || 'ai.onnx'}", for which the model names no version`,
    );
  }
  return opset;
}

function missingInput(graph: Graph, node: Node, name: string): ScanError {
  const declared = graph.inputs.find((input) => input.name === name);
  if (declared !== undefined) {
    return new ScanError('model-ambiguous', `the input "${name}" has no fixed shape and is not the image`);
  }
  return new ScanError(
    'model-malformed',
    `${describeNode(node, opsetOf(graph, node))} reads "${name}", which nothing computes before it; export the model again`,
  );
}
