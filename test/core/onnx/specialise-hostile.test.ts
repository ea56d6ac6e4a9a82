import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { readModel } from '../../../adapters/formats/index.js';
import type { Attribute, Graph, Node, Tensor } from '../../../core/onnx/graph.js';
import { evaluators } from '../../../core/onnx/evaluate/index.js';
import { maxElements } from '../../../core/onnx/shapes/index.js';
import { specialise } from '../../../core/onnx/specialise.js';
import { int64, sizeOf } from '../../../core/onnx/tensor.js';
import { ScanError } from '../../../core/scan/errors.js';
import { hasShared, sharedDir } from '../../support/paths.js';

const skip = hasShared ? false : 'no shared data on this machine';
const files = ['swin-mini.legacy17', 'vit-mini.dynamo18', 'shufflenet_v2_x0_5.legacy17', 'resnet10-uint8.legacy17'];
const graphs: Graph[] = [];

before(async () => {
  if (!hasShared) return;
  for (const file of files) graphs.push((await readModel(join(sharedDir, 'ops-zoo', 'models', `${file}.onnx`))).graph);
});

const odd = fc.oneof(
  fc.integer({ min: -3, max: 5 }),
  fc.constantFrom(2 ** 20, 2 ** 31, 2 ** 40, 2 ** 53, 2 ** 62, -(2 ** 31), -(2 ** 63)),
);

/** One edit: which node or constant, and what to write there. */
const edit = fc.record({
  kind: fc.constantFrom('constant', 'attribute', 'input', 'op', 'drop'),
  at: fc.nat(),
  where: fc.nat(),
  values: fc.array(odd, { minLength: 1, maxLength: 4 }),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

test('edited models give shapes or a clear error, never anything else', { skip }, () => {
  fc.assert(
    fc.property(fc.nat(files.length - 1), fc.array(edit, { minLength: 1, maxLength: 4 }), (file, edits) => {
      const graph = edits.reduce(edited, graphs[file]!);
      const dims = graph.inputs[0]!.dims!.map((dim, axis) => (axis === 0 ? 2 : (dim as number)));
      try {
        const { types } = specialise(graph, new Map([[graph.inputs[0]!.name, dims]]), [graph.outputs[0]!.name]);
        for (const type of types.values()) assert.ok(sizeOf(type.dims) >= 0 && sizeOf(type.dims) <= maxElements);
      } catch (thrown) {
        assert.ok(thrown instanceof ScanError, `${String(thrown)} ${(thrown as Error).stack}`);
        assert.match(thrown.code, /^model-/);
      }
    }),
    { numRuns: 300 },
  );
});

function edited(graph: Graph, { kind, at, where, values }: Edit): Graph {
  const index = at % graph.nodes.length;
  const node = graph.nodes[index]!;
  const replace = (by: Node | undefined): Graph => ({
    ...graph,
    nodes: graph.nodes.toSpliced(index, 1, ...(by === undefined ? [] : [by])),
  });
  switch (kind) {
    case 'constant': {
      const names = [...graph.initializers].filter(([, { dtype }]) => dtype === 'int64').map(([name]) => name);
      const constants = graph.nodes.filter((other) => other.op === 'Constant');
      if (names.length > 0 && (where % 2 === 0 || constants.length === 0)) {
        const name = names[at % names.length]!;
        return { ...graph, initializers: new Map(graph.initializers).set(name, tensor(values)) };
      }
      const target = graph.nodes.indexOf(constants[at % constants.length]!);
      if (target < 0) return graph;
      const value: Attribute = { type: 'tensor', value: tensor(values) };
      return {
        ...graph,
        nodes: graph.nodes.with(target, { ...graph.nodes[target]!, attributes: new Map([['value', value]]) }),
      };
    }
    case 'attribute': {
      const names = [...node.attributes.keys()];
      const name = names[where % Math.max(names.length, 1)] ?? 'axis';
      const old = node.attributes.get(name);
      const value: Attribute =
        old?.type === 'ints' ? { type: 'ints', value: values } : { type: 'int', value: values[0]! };
      return replace({ ...node, attributes: new Map(node.attributes).set(name, value) });
    }
    case 'input': {
      if (node.inputs.length === 0) return graph;
      const source = graph.nodes[where % index] ?? node;
      return replace({ ...node, inputs: node.inputs.with(where % node.inputs.length, source.outputs[0]!) });
    }
    case 'op':
      return replace({ ...node, op: ops[where % ops.length]! });
    case 'drop':
      return replace(undefined);
  }
}

const ops = [
  ...evaluators.keys(),
  'Resize',
  'SplitToSequence',
  'Conv',
  'MaxPool',
  'ConvTranspose',
  'Einsum',
  'If',
  'LSTM',
];

function tensor(values: readonly number[]): Tensor {
  return values.length === 1 ? int64([], values) : int64([values.length], values);
}
