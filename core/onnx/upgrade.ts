import { floatOf, intOf, intsOf, stringOf } from './attributes.js';
import { decompose } from './decompose.js';
import type { Attribute, Graph, Node, Tensor } from './graph.js';
import { freshName } from './parts.js';
import type { StaticGraph, ValueType } from './specialise.js';
import { float32, ints, numbersOf, scalar, sizeOf } from './tensor.js';

/** Operator set of the default domain that compiled programs are written in. */
export const programOpset = 21;

/**
 * Rewrites the nodes of an older model in the forms of {@link programOpset}, so that backward rules and emitted nodes need
 * one form per op; fused ops are taken apart. A model of a newer opset keeps it: the forms used here did not change after 21.
 */
export function upgrade({ graph, types }: StaticGraph): StaticGraph {
  const opset = graph.opsets.get('') ?? programOpset;
  if (opset >= programOpset) return decompose({ graph, types });
  const context = newContext(graph, types);
  const nodes = graph.nodes.flatMap((node) => {
    const rewrite = node.domain === '' && Object.hasOwn(rewrites, node.op) ? rewrites[node.op] : undefined;
    return rewrite && opset < rewrite.below ? rewrite.by(node, context) : [node];
  });
  const upgraded: Graph = {
    ...graph,
    opsets: new Map([...graph.opsets, ['', programOpset]]),
    nodes,
    initializers: new Map([...graph.initializers, ...context.added]),
  };
  return decompose({ graph: upgraded, types: context.types });
}

interface Context {
  readonly opset: number;
  readonly types: Map<string, ValueType>;
  readonly added: Map<string, Tensor>;
  dims(name: string): readonly number[];
  constant(near: Node, hint: string, tensor: Tensor): string;
  value(near: Node, hint: string, type: ValueType): string;
  known(name: string): Tensor | undefined;
}

interface Rewrite {
  /** The first opset that needs no rewrite. */
  readonly below: number;
  readonly by: (node: Node, context: Context) => Node[];
}

const rewrites: Readonly<Record<string, Rewrite>> = {
  BatchNormalization: { below: 15, by: (node) => [{ ...without(node, 'spatial'), outputs: node.outputs.slice(0, 1) }] },
  Clip: { below: 11, by: clipBounds },
  GridSample: { below: 20, by: gridSampleModes },
  GroupNormalization: { below: 21, by: perChannelScale },
  Hardmax: { below: 13, by: lastAxis },
  LogSoftmax: { below: 13, by: lastAxis },
  Pad: { below: 11, by: padInputs },
  ReduceL1: { below: 18, by: reduceAxes },
  ReduceL2: { below: 18, by: reduceAxes },
  ReduceLogSum: { below: 18, by: reduceAxes },
  ReduceLogSumExp: { below: 18, by: reduceAxes },
  ReduceMax: { below: 18, by: reduceAxes },
  ReduceMean: { below: 18, by: reduceAxes },
  ReduceMin: { below: 18, by: reduceAxes },
  ReduceProd: { below: 18, by: reduceAxes },
  ReduceSum: { below: 13, by: reduceAxes },
  ReduceSumSquare: { below: 18, by: reduceAxes },
  Resize: { below: 11, by: resizeInputs },
  Scatter: { below: 11, by: (node) => [{ ...node, op: 'ScatterElements' }] },
  Slice: { below: 10, by: sliceInputs },
  Softmax: { below: 13, by: lastAxis },
  Split: { below: 18, by: splitSizes },
  Squeeze: { below: 13, by: reshapeTo },
  TopK: { below: 10, by: topKInput },
  Unsqueeze: { below: 13, by: reshapeTo },
  Upsample: { below: 10, by: resizeInputs },
};

function clipBounds(node: Node, c: Context): Node[] {
  const min = floatOf(node, 'min', undefined);
  const max = floatOf(node, 'max', undefined);
  const bound = (name: string, value: number | undefined): string =>
    value === undefined ? '' : c.constant(node, name, scalar(value));
  return [{ ...without(node, 'min', 'max'), inputs: trimmed([node.inputs[0]!, bound('min', min), bound('max', max)]) }];
}

function padInputs(node: Node, c: Context): Node[] {
  const pads = intsOf(node, 'pads', []);
  const value = floatOf(node, 'value', 0);
  const inputs = [node.inputs[0]!, c.constant(node, 'pads', ints(...pads)), c.constant(node, 'value', scalar(value))];
  return [{ ...without(node, 'pads', 'value'), inputs }];
}

function sliceInputs(node: Node, c: Context): Node[] {
  const starts = intsOf(node, 'starts', []);
  const ends = intsOf(node, 'ends', []);
  const axes = intsOf(node, 'axes', undefined) ?? starts.map((_, i) => i);
  const inputs = [starts, ends, axes].map((values, i) =>
    c.constant(node, ['starts', 'ends', 'axes'][i]!, ints(...values)),
  );
  return [{ ...without(node, 'starts', 'ends', 'axes'), inputs: [node.inputs[0]!, ...inputs] }];
}

function reduceAxes(node: Node, c: Context): Node[] {
  const axes = intsOf(node, 'axes', undefined);
  if (axes === undefined) return [node];
  return [{ ...without(node, 'axes'), inputs: [node.inputs[0]!, c.constant(node, 'axes', ints(...axes))] }];
}

/** With static shapes, adding or dropping axes of extent 1 is a reshape. */
function reshapeTo(node: Node, c: Context): Node[] {
  const shape = c.constant(node, 'shape', ints(...c.dims(node.outputs[0]!)));
  return [{ ...node, op: 'Reshape', inputs: [node.inputs[0]!, shape], attributes: new Map() }];
}

function splitSizes(node: Node, c: Context): Node[] {
  const axis = intOf(node, 'axis', 0);
  const sizes = node.outputs.map((name) => c.dims(name).at(axis)!);
  return [{ ...without(node, 'split'), inputs: [node.inputs[0]!, c.constant(node, 'split', ints(...sizes))] }];
}

/** Before opset 13 Softmax, LogSoftmax and Hardmax flatten all axes from `axis` on into one. */
function lastAxis(node: Node, c: Context): Node[] {
  const x = c.dims(node.inputs[0]!);
  const given = intOf(node, 'axis', 1);
  const axis = given < 0 ? given + x.length : given;
  if (axis === x.length - 1) return [withAttribute(node, 'axis', { type: 'int', value: -1 })];
  const flat = [sizeOf(x.slice(0, axis)), sizeOf(x.slice(axis))];
  const [before, after] = ['flat', 'result'].map((hint) => c.value(node, hint, { dtype: 'float32', dims: flat }));
  const reshape = (from: string, to: string, dims: readonly number[]): Node => ({
    name: `${node.name}/${to}`,
    op: 'Reshape',
    domain: '',
    inputs: [from, c.constant(node, 'shape', ints(...dims))],
    outputs: [to],
    attributes: new Map(),
  });
  return [
    reshape(node.inputs[0]!, before!, flat),
    { ...withAttribute(node, 'axis', { type: 'int', value: -1 }), inputs: [before!], outputs: [after!] },
    reshape(after!, node.outputs[0]!, x),
  ];
}

/** Upsample and Resize of opset 10 take the pixel at floor(x / scale), or interpolate from there. */
function resizeInputs(node: Node, c: Context): Node[] {
  const attribute = node.attributes.get('scales');
  const given = attribute?.type === 'floats' ? attribute.value : undefined;
  const scales = given ? c.constant(node, 'scales', float32([given.length], given)) : node.inputs[1]!;
  const mode = stringOf(node, 'mode', 'nearest');
  return [
    {
      ...node,
      op: 'Resize',
      inputs: [node.inputs[0]!, '', scales],
      attributes: new Map<string, Attribute>([
        ['mode', { type: 'string', value: mode === 'bilinear' ? 'linear' : mode }],
        ['coordinate_transformation_mode', { type: 'string', value: 'asymmetric' }],
        ['nearest_mode', { type: 'string', value: 'floor' }],
      ]),
    },
  ];
}

function topKInput(node: Node, c: Context): Node[] {
  const k = intOf(node, 'k', 1);
  return [{ ...without(node, 'k'), inputs: [node.inputs[0]!, c.constant(node, 'k', ints(k))] }];
}

function gridSampleModes(node: Node): Node[] {
  const names: Record<string, string> = { bilinear: 'linear', bicubic: 'cubic' };
  const mode = stringOf(node, 'mode', 'bilinear');
  return [withAttribute(node, 'mode', { type: 'string', value: names[mode] ?? mode })];
}

/** Opset 18 has one scale and bias per group, opset 21 one per channel. */
function perChannelScale(node: Node, c: Context): Node[] {
  const channels = c.dims(node.inputs[0]!)[1]!;
  const groups = intOf(node, 'num_groups', 1);
  const repeated = node.inputs.slice(1).map((name, i) => {
    const tensor = c.known(name);
    if (!tensor || tensor.dims[0] === channels) return name;
    const values = numbersOf(tensor);
    return c.constant(
      node,
      `scale_${i}`,
      float32(
        [channels],
        Array.from({ length: channels }, (_, k) => values[Math.floor((k * groups) / channels)]!),
      ),
    );
  });
  return [{ ...node, inputs: [node.inputs[0]!, ...repeated] }];
}

function without(node: Node, ...names: string[]): Node {
  return { ...node, attributes: new Map([...node.attributes].filter(([name]) => !names.includes(name))) };
}

function withAttribute(node: Node, name: string, attribute: Attribute): Node {
  return { ...node, attributes: new Map([...node.attributes, [name, attribute]]) };
}

function trimmed(inputs: readonly string[]): string[] {
  const last = inputs.findLastIndex((name) => name !== '');
  return inputs.slice(0, last + 1);
}

function newContext(graph: Graph, original: ReadonlyMap<string, ValueType>): Context {
  const types = new Map(original);
  const added = new Map<string, Tensor>();
  const fresh = (near: Node, hint: string): string => freshName(types, `${near.outputs[0]}/${hint}`);
  return {
    opset: graph.opsets.get('') ?? programOpset,
    types,
    added,
    dims: (name) => types.get(name)?.dims ?? [],
    known: (name) => graph.initializers.get(name) ?? added.get(name),
    constant: (near, hint, tensor) => {
      const name = fresh(near, hint);
      types.set(name, { dtype: tensor.dtype, dims: tensor.dims });
      added.set(name, tensor);
      return name;
    },
    value: (near, hint, type) => {
      const name = fresh(near, hint);
      types.set(name, type);
      return name;
    },
  };
}
