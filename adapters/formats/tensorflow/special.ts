import { numbersOf } from '../../../core/onnx/tensor.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import { dead, refused, scopeOf, type Body, type Handle, type Value, type Walk } from './body.js';
import type { TfFunction, TfNode } from './graph.js';

/** How a node is taken that becomes no ONNX node: its values, or the function that stands in its place. */
export type Special = (walk: Walk, body: Body, node: TfNode, inputs: readonly Value[]) => readonly Value[] | Call;

export interface Call {
  readonly called: TfFunction;
  readonly inputs: readonly Value[];
}

/** Undefined for an op that is converted, or that no graph can hold. */
export function specialOf(op: string): Special | undefined {
  return special[op];
}

const handOn: Special = (_walk, _body, _node, inputs) => inputs;

const callNamed: Special = (walk, _body, node, inputs) => ({ called: functionOf(walk, node, 'f'), inputs });

/** A condition that no image decides chooses a function. */
const branch: Special = (walk, _body, node, inputs) => {
  const chosen = condition(walk, node, inputs[0]);
  const name = chosen ? 'then_branch' : 'else_branch';
  return { called: functionOf(walk, node, name), inputs: inputs.slice(1) };
};

const readVariable: Special = (walk, _body, node, [handle]) => {
  if (typeof handle !== 'object') throw refused(walk, node, 'reads something that is no variable of the model');
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
  const [handle] = variable(walk, body, node, inputs) as readonly Handle[];
  return [constant(walk, node.name, handle!.read())];
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

/** The side that is there. */
const merged: Special = (walk, _body, node, inputs) => {
  const alive = inputs.filter((value) => value !== dead);
  if (alive.length !== 1) throw refused(walk, node);
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
  Merge: merged,
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

function condition(walk: Walk, node: TfNode, value: Value | undefined): boolean {
  const tensor = typeof value === 'string' ? walk.state.shadow.constantOf(value) : undefined;
  if (tensor?.data.length !== 1 || tensor.dtype === 'string') throw refused(walk, node);
  return numbersOf(tensor)[0] !== 0;
}

function constant(walk: Walk, name: string, tensor: Tensor): string {
  walk.state.emit.scope('');
  return walk.state.emit.constant(tensor, scopeOf(walk, name));
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
