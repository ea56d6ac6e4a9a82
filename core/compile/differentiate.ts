import type { Graph, Node } from '../onnx/graph.js';
import type { StaticGraph } from '../onnx/specialise.js';
import { numbersOf } from '../onnx/tensor.js';
import { ScanError } from '../scan/errors.js';
import { selfGatedActivations, type SelfGatedActivations } from './activations.js';
import { broadcastDims } from './backward/broadcast.js';
import type { BackwardContext, BackwardTable, Gradient } from './backward/rule.js';
import { reasonToRefuse } from '../onnx/refused.js';
import { dependentValues, hasZeroDerivative } from './dependence.js';
import type { Emitter } from './emit.js';

/**
 * Reverse-mode differentiation: emits the gradient of `output` with respect to `input`, for the class seeds in `seed`.
 * Only nodes on a path from `input` to `output` are walked; parameters get no gradient.
 *
 * @returns undefined where the output does not depend on the input.
 * @throws ScanError `model-unsupported-op` for an op with neither a rule nor a zero derivative.
 */
export function differentiate(
  model: StaticGraph,
  table: BackwardTable,
  emit: Emitter,
  input: string,
  output: string,
  seed: Gradient,
): Gradient | undefined {
  const dependent = dependentValues(model, input);
  const marks: Marks = { selfGated: selfGatedActivations(model.graph), shifted: shiftedValues(model.graph) };
  const gradients = new Map<string, Gradient>([[output, seed]]);

  for (const node of [...model.graph.nodes].reverse()) {
    if (!node.outputs.some((name) => gradients.has(name)) || !node.inputs.some((name) => dependent.has(name))) continue;
    if (hasZeroDerivative(node)) continue;
    const rule = ruleOf(node, table, model);
    emit.scope(`grad/${node.name || node.outputs[0]}`);
    const read = new Set<number>();
    const context = contextOf(node, model, emit, gradients, dependent, marks, read);
    const inputGradients = rule(context);
    checkComplete(context, inputGradients, gradients, read);
    node.inputs.forEach((name, i) => {
      const gradient = inputGradients[i];
      if (gradient && dependent.has(name)) gradients.set(name, sum(emit, gradients.get(name), gradient));
    });
  }
  return gradients.get(input);
}

/**
 * A rule that leaves out an input that leads back to the image, or an output that leads to the logits, covers a simpler case
 * than this one: better no answer than a wrong one.
 */
function checkComplete(
  c: BackwardContext,
  found: ReturnType<BackwardTable[string]>,
  gradients: ReadonlyMap<string, Gradient>,
  read: ReadonlySet<number>,
): void {
  c.node.inputs.forEach((name, i) => {
    if (c.needs(i) && found[i] === undefined) c.unsupported(`input ${i} ('${name}') where it depends on the image`);
  });
  c.node.outputs.forEach((name, i) => {
    if (gradients.has(name) && !read.has(i)) c.unsupported(`the use of its output ${i} ('${name}')`);
  });
}

function ruleOf(node: Node, table: BackwardTable, model: StaticGraph): BackwardTable[string] {
  const rule = Object.hasOwn(table, qualifiedName(node)) ? table[qualifiedName(node)] : undefined;
  if (rule) return rule;
  const opset = model.graph.opsets.get(node.domain) ?? 'unknown';
  const where = `operator ${qualifiedName(node)} (opset ${opset}) of node '${node.name || node.outputs[0]}'`;
  const reason = reasonToRefuse(qualifiedName(node));
  throw new ScanError(
    'model-unsupported-op',
    reason
      ? `${where} ${reason}.`
      : `${where} has no backward rule. Export the model without it, or add core/compile/backward/${kebab(node.op)}.ts (CONTRIBUTING.md, "Add an op").`,
  );
}

function qualifiedName(node: Node): string {
  return node.domain ? `${node.domain}.${node.op}` : node.op;
}

function kebab(op: string): string {
  return op.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}

function sum(emit: Emitter, a: Gradient | undefined, b: Gradient): Gradient {
  return a ? { name: emit.op('Add', [a.name, b.name]), dims: broadcastDims(a.dims, b.dims) } : b;
}

function contextOf(
  node: Node,
  { graph, types }: StaticGraph,
  emit: Emitter,
  gradients: ReadonlyMap<string, Gradient>,
  dependent: ReadonlySet<string>,
  marks: Marks,
  read: Set<number>,
): BackwardContext {
  const dims = (name: string): readonly number[] => {
    const type = types.get(name);
    if (!type) throw new ScanError('internal', `no shape is known for value '${name}' of node '${node.name}'`);
    return type.dims;
  };
  const lazyDY = (i = 0): Gradient | undefined => {
    read.add(i);
    const name = node.outputs[i];
    return name === undefined ? undefined : gradients.get(name);
  };
  const expanded = (i: number, keep: (axis: number) => boolean): Gradient => {
    const gradient = lazyDY(i);
    if (!gradient) throw new ScanError('internal', `node '${node.name}' has no gradient for output ${i}`);
    return expandGradient(
      emit,
      gradient,
      dims(node.outputs[i]!).map((extent, axis) => (keep(axis) ? gradient.dims[axis]! : extent)),
    );
  };
  const attribute = <T extends string>(name: string, type: T) => {
    const found = node.attributes.get(name);
    return found?.type === type ? (found as Extract<typeof found, { type: T }>) : undefined;
  };
  return {
    node,
    emit,
    dims,
    lazyDY,
    input: (i) => node.inputs[i]!,
    output: (i = 0) => node.outputs[i]!,
    selfGated: marks.selfGated.ends.has(node),
    insideActivation: marks.selfGated.inside.has(node),
    shifted: marks.shifted.has(node.inputs[0] ?? ''),
    hasInput: (i) => !!node.inputs[i],
    constant: (name) => graph.initializers.get(name),
    needs: (i) => !!node.inputs[i] && dependent.has(node.inputs[i]),
    dY: (i = 0) => expanded(i, (axis) => axis === 0),
    fullDY: (i = 0) => expanded(i, () => false),
    int: (name, fallback) => attribute(name, 'int')?.value ?? fallback,
    float: (name, fallback) => attribute(name, 'float')?.value ?? fallback,
    ints: (name) => attribute(name, 'ints')?.value,
    text: (name, fallback) => attribute(name, 'string')?.value ?? fallback,
    unsupported: (what) => {
      throw new ScanError(
        'model-unsupported-op',
        `operator ${qualifiedName(node)} of node '${node.name || node.outputs[0]}' has no backward rule for ${what}. Export the model without it.`,
      );
    },
  };
}

interface Marks {
  readonly selfGated: SelfGatedActivations;
  readonly shifted: ReadonlySet<string>;
}

/** Values of the form x + c with one constant c > 0. */
function shiftedValues(graph: Graph): Set<string> {
  const positive = (name: string): boolean => {
    const tensor = graph.initializers.get(name);
    return tensor?.data.length === 1 && numbersOf(tensor)[0]! > 0;
  };
  return new Set(
    graph.nodes.filter((node) => node.op === 'Add' && node.inputs.some(positive)).flatMap((node) => node.outputs),
  );
}

/** Repeats lazy axes to the given extents. */
export function expandGradient(emit: Emitter, gradient: Gradient, dims: readonly number[]): Gradient {
  if (gradient.dims.every((extent, axis) => extent === dims[axis])) return gradient;
  return { name: emit.expand(gradient.name, [1, ...dims]), dims };
}
