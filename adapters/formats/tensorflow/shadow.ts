import type { Emitter } from '../../../core/compile/emit.js';
import { newBudget, type FoldBudget } from '../../../core/onnx/evaluate/budget.js';
import { evaluate } from '../../../core/onnx/evaluate/index.js';
import type { Node, Tensor, ValueInfo } from '../../../core/onnx/graph.js';
import { inferTypes } from '../../../core/onnx/shapes/index.js';
import type { OpCall, ValueType } from '../../../core/onnx/shapes/call.js';
import { sizeOf } from '../../../core/onnx/tensor.js';
import { opset } from './opset.js';

/**
 * What is known of values while a graph is imported: each node is inferred once, for a batch of two and a likely size where
 * the model leaves the image's size open. Only what does not depend on that guess may be used: ranks, numbers of
 * channels, and values that depend on no input ({@link Shadow.constant}).
 */
export interface Shadow {
  typeOf(name: string): ValueType | undefined;
  /** A small value that depends on no input, folded if need be. */
  constantOf(name: string): Tensor | undefined;
}

export function createShadow({ nodes, initializers }: Emitter, inputs: readonly ValueInfo[]): Shadow {
  const known = new Map<string, Known>();
  const budget: FoldBudget = newBudget({
    name: '',
    irVersion: 0,
    producer: '',
    opsets: new Map(),
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  });
  for (const { name, dtype, dims } of inputs) {
    if (dims) known.set(name, { type: { dtype, dims: dims.map(likely) }, fixed: false });
  }

  const infer = (node: Node): void => {
    const operands = node.inputs.map((name) => (name === '' ? undefined : find(name)));
    if (operands.some((operand, i) => operand === undefined && node.inputs[i] !== '')) return;
    const call: OpCall = {
      node,
      opset,
      types: operands.map((operand) => operand?.type),
      constants: operands.map((operand) => operand?.value),
    };
    const fixed = operands.every((operand) => operand?.fixed ?? true);
    inferred(call, budget)?.forEach((result, i) => {
      const name = node.outputs[i] ?? '';
      if (name !== '') known.set(name, { ...result, fixed });
    });
  };
  const find = (name: string): Known | undefined => {
    const tensor = initializers.get(name);
    if (tensor) return { type: { dtype: tensor.dtype, dims: tensor.dims }, value: tensor, fixed: true };
    return known.get(name);
  };
  let seen = 0;
  const lookUp = (name: string): Known | undefined => {
    while (seen < nodes.length) infer(nodes[seen++]!);
    return find(name);
  };
  return {
    typeOf: (name) => lookUp(name)?.type,
    constantOf: (name) => {
      const found = lookUp(name);
      return found?.fixed ? found.value : undefined;
    },
  };
}

interface Known {
  readonly type: ValueType;
  /** Under the guessed sizes; only small ones are kept. */
  readonly value?: Tensor;
  /** Depends on no input. */
  readonly fixed: boolean;
}

const probeBatch = 2;
const probeSize = 224;
const maxFolded = 4096;

function likely(dim: number | string | null, axis: number): number {
  return typeof dim === 'number' ? dim : axis === 0 ? probeBatch : probeSize;
}

/** Undefined where the guess does not fit: the import goes on, and the model is inferred again with its real sizes. */
function inferred(call: OpCall, budget: FoldBudget): { type: ValueType; value?: Tensor }[] | undefined {
  try {
    const types = inferTypes(call);
    const small = [...types, ...call.types].every((type) => !type || sizeOf(type.dims) <= maxFolded);
    const shape = call.node.op === 'Shape' || call.node.op === 'Size';
    const values = small || shape ? evaluate(call, budget) : undefined;
    return types.map((type, i) => ({ type, ...(values?.[i] && { value: values[i] }) }));
  } catch {
    return undefined;
  }
}
