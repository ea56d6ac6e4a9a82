import type { Attribute, Graph, Node, Tensor } from '../../core/onnx/graph.js';

/** One node or small graph whose gradient is compared with finite differences. */
export interface GradientCase {
  /** The op under test, as the table of rules names it. */
  readonly op: string;
  readonly detail: string;
  readonly operands: readonly Operand[];
  readonly nodes: readonly Node[];
  /** Name of the value that gets the seeds. */
  readonly output: string;
  readonly options: CaseOptions;
}

export interface CaseOptions {
  /** Range of random operands; -1 to 1 by default. */
  readonly range?: readonly [number, number];
  /** Values to keep away from: kinks and poles. */
  readonly away?: readonly number[];
  /** Random operands are whole numbers and a half of this step, all distinct, so that no order among them can change. */
  readonly spaced?: number;
  /** Largest difference allowed, relative to the size of the change; 5e-4 by default. */
  readonly tolerance?: number;
  readonly opset?: number;
  /** No gradient is expected, because the derivative is zero. */
  readonly zero?: boolean;
  /** The op leaves the order of its results to the engine, and so which seed goes where. */
  readonly anyOrder?: boolean;
  /** Batch sizes that take the place of `N`; 1 and 3 by default. */
  readonly batches?: readonly number[];
}

/** `N` is the number of images. */
export type CaseDims = readonly (number | 'N')[];

/** `image` operands are differentiated; `random` ones are constants; a tensor is itself; undefined is an omitted input. */
export type Operand =
  | {
      readonly kind: 'image' | 'random';
      readonly dims: CaseDims;
      readonly range?: readonly [number, number] | undefined;
    }
  | { readonly kind: 'same'; readonly as: number }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  | undefined;

export type AttributeValue =
  number | string | readonly number[] | { readonly float: number } | { readonly floats: readonly number[] };

/** Depends on the image: gets a gradient. */
export const x = (...dims: CaseDims): Operand => ({ kind: 'image', dims });
/** A random constant, such as a weight. */
export const w = (...dims: CaseDims): Operand => ({ kind: 'random', dims });
/** The same with a range of its own. */
export const within = (low: number, high: number, ...dims: CaseDims): Operand => ({
  kind: 'random',
  dims,
  range: [low, high],
});
export const value = (tensor: Tensor): Operand => ({ kind: 'constant', tensor });
/** Another operand once more. */
export const same = (as: number): Operand => ({ kind: 'same', as });
export const none = undefined;

/** A case of one node. `op` may carry a domain: `com.microsoft.Gelu`. */
export function one(
  op: string,
  detail: string,
  operands: readonly Operand[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  options: CaseOptions & { outputs?: number; output?: number } = {},
): GradientCase {
  const outputs = Array.from({ length: options.outputs ?? 1 }, (_, i) => `y${i}`);
  const inputs = operands.map((_, i) => operandName(operands, i));
  const output = outputs[options.output ?? 0]!;
  return { op, detail, operands, nodes: [node(op, inputs, outputs, attributes)], output, options };
}

/** A case of several nodes that read the operands as `in0`, `in1`, ... */
export function several(
  op: string,
  detail: string,
  operands: readonly Operand[],
  nodes: readonly Node[],
  options: CaseOptions = {},
): GradientCase {
  return { op, detail, operands, nodes, output: nodes.at(-1)!.outputs[0]!, options };
}

export function operandName(operands: readonly Operand[], i: number): string {
  const operand = operands[i];
  if (!operand) return '';
  return operand.kind === 'same' ? `in${operand.as}` : `in${i}`;
}

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Node {
  const dot = op.lastIndexOf('.');
  return {
    name: `node_${outputs.find((name) => name)}`,
    op: op.slice(dot + 1),
    domain: op.slice(0, Math.max(0, dot)),
    inputs,
    outputs,
    attributes: new Map(Object.entries(attributes).map(([name, given]) => [name, attribute(given)])),
  };
}

function attribute(given: AttributeValue): Attribute {
  if (typeof given === 'number') return { type: 'int', value: given };
  if (typeof given === 'string') return { type: 'string', value: given };
  if ('float' in given) return { type: 'float', value: given.float };
  if ('floats' in given) return { type: 'floats', value: given.floats };
  return { type: 'ints', value: given };
}

/** The graph of a case for one batch size. */
export function graphOf(row: GradientCase, constants: ReadonlyMap<string, Tensor>, batch: number): Graph {
  return {
    name: `${row.op} ${row.detail}`,
    irVersion: 10,
    producer: 'test',
    opsets: new Map([
      ['', row.options.opset ?? 21],
      ['com.microsoft', 1],
    ]),
    inputs: row.operands.flatMap((operand, i) =>
      operand?.kind === 'image'
        ? [{ name: `in${i}`, dtype: 'float32' as const, dims: concrete(operand.dims, batch) }]
        : [],
    ),
    outputs: [{ name: row.output, dtype: 'float32', dims: undefined }],
    nodes: row.nodes,
    initializers: constants,
    metadata: new Map(),
  };
}

export function concrete(dims: CaseDims, batch: number): number[] {
  return dims.map((dim) => (dim === 'N' ? batch : dim));
}
