import { type CheckSubject, checks, type StaticFinding } from '../../../core/checks/index.js';
import { findClassifier } from '../../../core/onnx/classifier.js';
import type { Attribute, Graph, Node, Tensor } from '../../../core/onnx/graph.js';
import { specialise } from '../../../core/onnx/specialise.js';
import { float32 } from '../../../core/onnx/tensor.js';
import { upgrade } from '../../../core/onnx/upgrade.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../../support/graphs.js';

/** What one check says of a graph. */
export function findingsOf(
  id: string,
  subject: Partial<CheckSubject> & { readonly graph: Graph },
): readonly Omit<StaticFinding, 'check'>[] {
  return checks.find((check) => check.id === id)!.run({ files: ['model.onnx'], bound: undefined, ...subject });
}

/** Flatten and one Gemm: the smallest classifier, of 2 x 2 gray images. */
export function linearClassifier(
  rows: readonly (readonly number[])[],
  bias: readonly number[],
  more: { nodes?: readonly Node[]; tensors?: Readonly<Record<string, Tensor>>; metadata?: Record<string, string> } = {},
): Graph {
  const transB: Attribute = { type: 'int', value: 1 };
  return graphWith({
    inputs: [valueOf('x', ['N', 1, 2, 2])],
    outputs: [valueOf('y', ['N', rows.length])],
    nodes: [
      nodeOf('Flatten', ['x'], ['flat']),
      nodeOf('Gemm', ['flat', 'w', 'b'], ['y'], { transB }),
      ...(more.nodes ?? []),
    ],
    initializers: tensorsOf({
      w: float32([rows.length, 4], rows.flat()),
      b: float32([bias.length], bias),
      ...more.tensors,
    }),
    metadata: new Map(Object.entries(more.metadata ?? {})),
  });
}

export function bound(graph: Graph): CheckSubject['bound'] {
  const { input, logitsName } = findClassifier(graph);
  return {
    graph: upgrade(specialise(graph, new Map([[input.name, [1, 1, 2, 2]]]), [logitsName])),
    inputName: input.name,
    logitsName,
  };
}
