import { numbersOf } from '../../../core/onnx/tensor.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import { opContext, type ImportState } from './context.js';
import type { TfFunction, TfNode } from './graph.js';
import { converters } from './ops/index.js';
import { byName, type ImportRequest } from './request.js';
import { dataInputs, outputIndex } from './refs.js';
import { reasonToRefuse } from './refused.js';

/** The nodes of a graph or of one call of a function, and what they came to. */
export interface Body {
  readonly nodes: ReadonlyMap<string, TfNode>;
  /** Values from outside: the image, the arguments of a function. */
  readonly arguments: ReadonlyMap<string, Value>;
  /** Outputs of the nodes that were visited. */
  readonly values: Map<string, readonly Value[]>;
  /** Functions around it. */
  readonly depth: number;
  readonly inFunction: boolean;
}

/** The name of an ONNX value; a variable, which is read where it is needed; or what a branch not taken would give. */
export type Value = string | Handle | typeof dead;

export interface Handle {
  readonly name: string;
  readonly read: () => Tensor;
}

const dead = Symbol('the branch that is not taken');

export interface Walk {
  readonly request: ImportRequest;
  readonly state: ImportState;
  /** From ONNX values to the TensorFlow values they are. */
  readonly named: Map<string, string>;
  /** How often a node of this name was met: a function that is called again has the same names again. */
  readonly scopes: Map<string, number>;
  /** Nodes, those of inlined functions included. */
  visited: number;
}

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

/**
 * What the named values need and was not visited yet, inputs before readers. Without recursion: graphs can be long.
 * @throws ScanError `model-malformed` for a node that is not there and for a cycle.
 */
function inOrder(walk: Walk, body: Body, refs: readonly string[]): TfNode[] {
  const { file } = walk.request;
  const order: TfNode[] = [];
  const entered = new Set<string>();
  const done = new Set<string>();
  const stack = refs.map(nodeOf).reverse();
  while (stack.length > 0) {
    const name = stack.at(-1)!;
    if (done.has(name) || body.values.has(name) || body.arguments.has(name)) {
      stack.pop();
      continue;
    }
    const node = body.nodes.get(name);
    if (!node) throw new ScanError('model-malformed', `${file}: there is no node '${name}'; export the model again`);
    if (entered.has(name)) {
      stack.pop();
      done.add(name);
      order.push(node);
      continue;
    }
    entered.add(name);
    for (const input of dataInputs(node).map(nodeOf).reverse()) {
      if (done.has(input)) continue;
      if (entered.has(input)) throw cycle(walk, node);
      stack.push(input);
    }
  }
  return order;
}

function cycle({ request }: Walk, node: TfNode): ScanError {
  // The loops of TF1 are cycles.
  return /^(Merge|NextIteration|Enter|Switch)$/.test(node.op)
    ? refused(request, node, 'is a loop; only feed-forward image classifiers can be scanned')
    : new ScanError('model-malformed', `${request.file}: node '${node.name}' (${node.op}) depends on itself`);
}

function nodeOf(ref: string): string {
  const colon = ref.indexOf(':');
  return colon < 0 ? ref : ref.slice(0, colon);
}

function visit(walk: Walk, body: Body, node: TfNode, inputs: readonly Value[]): readonly Value[] {
  const { request } = walk;
  if (node.op === 'Merge') return merged(walk, node, inputs);
  if (inputs.includes(dead)) return new Array<Value>(maxDeadOutputs).fill(dead);
  const own = special[node.op];
  if (own) return own(walk, body, node, inputs);
  const called = request.graph.functions.get(node.op);
  if (called) return call(walk, body, node, called, inputs);
  return converted(walk, node, inputs);
}

const maxDeadOutputs = 64;

function converted(walk: Walk, node: TfNode, inputs: readonly Value[]): readonly Value[] {
  const { request, state, named } = walk;
  const convert = converters.get(node.op);
  if (!convert) throw refused(request, node, reasonToRefuse(node.op));
  const names = inputs.map((value) => {
    if (typeof value === 'string') return value;
    throw refused(request, node, 'works on a variable, not on its value');
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

type Special = (walk: Walk, body: Body, node: TfNode, inputs: readonly Value[]) => readonly Value[];

const handOn: Special = (_walk, _body, _node, inputs) => inputs;

const callNamed: Special = (walk, body, node, inputs) => call(walk, body, node, functionOf(walk, node, 'f'), inputs);

/** A condition that no image decides chooses a function. */
const branch: Special = (walk, body, node, inputs) => {
  const chosen = condition(walk, node, inputs[0]);
  const name = chosen ? 'then_branch' : 'else_branch';
  return call(walk, body, node, functionOf(walk, node, name), inputs.slice(1));
};

const readVariable: Special = (walk, _body, node, [handle]) => {
  if (typeof handle !== 'object') throw refused(walk.request, node, 'reads something that is no variable of the model');
  return [constant(walk, handle.name, handle.read())];
};

/** In the main graph a handle stands for its variable; in a function it would be created anew at every call. */
const variable: Special = ({ request }, body, node) => {
  const read = (): Tensor => {
    const tensor = body.inFunction ? undefined : request.variable?.(node);
    if (tensor) return tensor;
    throw new ScanError(
      'model-malformed',
      `${request.file}: the model holds no value for the variable '${node.name}'. Save the model again, or copy it whole: with its folder 'variables'`,
    );
  };
  return [{ name: node.name, read }];
};

/** A variable of TF1 is its value. */
const referenceVariable: Special = (walk, body, node, inputs) => {
  const [handle] = variable(walk, body, node, inputs);
  return [constant(walk, node.name, (handle as Handle).read())];
};

const constantNode: Special = (walk, _body, node) => {
  const attr = node.attrs.get('value');
  const tensor = attr?.kind === 'tensor' ? attr.value() : walk.request.constant?.(node);
  if (tensor) return [constant(walk, node.name, tensor)];
  throw new ScanError('model-malformed', `${walk.request.file}: the constant '${node.name}' has no value`);
};

/** What is fed where nothing else is: the learning phase, for one. */
const withDefault: Special = handOn;

/** Switch(data, predicate): the data on the side of the predicate, nothing on the other. */
const switched: Special = (walk, _body, node, [data, predicate]) => {
  const chosen = condition(walk, node, predicate);
  return chosen ? [dead, data!] : [data!, dead];
};

const merged = (walk: Walk, node: TfNode, inputs: readonly Value[]): readonly Value[] => {
  const alive = inputs.filter((value) => value !== dead);
  if (alive.length !== 1) throw refused(walk.request, node, reasonToRefuse(node.op));
  return [alive[0]!];
};

const special: Readonly<Record<string, Special>> = Object.assign(Object.create(null) as Record<string, Special>, {
  Assert: () => [],
  CheckNumerics: handOn,
  Const: constantNode,
  EnsureShape: handOn,
  Identity: handOn,
  IdentityN: handOn,
  If: branch,
  NoOp: () => [],
  PartitionedCall: callNamed,
  PlaceholderWithDefault: withDefault,
  PreventGradient: handOn,
  ReadVariableOp: readVariable,
  Snapshot: handOn,
  StatefulPartitionedCall: callNamed,
  StatelessIf: branch,
  StopGradient: handOn,
  Switch: switched,
  VarHandleOp: variable,
  Variable: referenceVariable,
  VariableV2: referenceVariable,
});

function condition({ state, request }: Walk, node: TfNode, value: Value | undefined): boolean {
  const tensor = typeof value === 'string' ? state.shadow.constantOf(value) : undefined;
  if (tensor?.data.length !== 1 || tensor.dtype === 'string') throw refused(request, node, reasonToRefuse(node.op));
  return numbersOf(tensor)[0] !== 0;
}

function constant(walk: Walk, name: string, tensor: Tensor): string {
  walk.state.emit.scope('');
  return walk.state.emit.constant(tensor, scopeOf(walk, name));
}

/** The emitter tries names one after the other, which must not become slow where thousands of nodes have one name. */
function scopeOf({ scopes }: Walk, name: string): string {
  const count = (scopes.get(name) ?? 0) + 1;
  scopes.set(name, count);
  return count === 1 ? name : `${name}#${count}`;
}

function functionOf({ request }: Walk, node: TfNode, attr: string): TfFunction {
  const named = node.attrs.get(attr);
  const found = named?.kind === 'func' ? request.graph.functions.get(named.value) : undefined;
  if (found) return found;
  const name = named?.kind === 'func' ? `the function '${named.value}'` : 'a function';
  throw new ScanError(
    'model-malformed',
    `${request.file}: node '${node.name}' calls ${name}, which is not in the model`,
  );
}

/** The body of a function in the place of a call. */
function call(walk: Walk, outer: Body, node: TfNode, called: TfFunction, inputs: readonly Value[]): readonly Value[] {
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

function refused({ file, advice }: ImportRequest, node: TfNode, why: string): ScanError {
  return new ScanError('model-unsupported-op', `${file}: node '${node.name}' (${node.op}) ${why}. ${advice}`);
}
