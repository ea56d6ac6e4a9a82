import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph } from '../../../core/onnx/graph.js';
import { float32 } from '../../../core/onnx/tensor.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../../support/graphs.js';
import { bound, findingsOf, linearClassifier } from './subject.js';

/** Norms 2, 2.02, 2.04, ...; one of them ten times as large. */
const norms = [2, 2.02, 2.04, 2.06, 20, 2.1, 2.12];
const rows = norms.map((norm) => [norm / 2, -norm / 2, norm / 2, norm / 2]);
const flat = norms.map(() => 0);
const found = (graph: Graph) => findingsOf('final-layer-outlier', { graph, bound: bound(graph) });

test('a row of weights that is far from the others is noted, with the class', () => {
  const findings = found(linearClassifier(rows, flat));
  assert.deepEqual(
    findings.map(({ severity, place }) => [severity, place]),
    [['note', 'class 4']],
  );
  // Median 2.06, MAD 0.04.
  assert.match(findings[0]!.message, /norm of its weights is 20, 302\.5 deviations from the median 2\.06/);
});

test('so is a bias, on either side', () => {
  const even = norms.map((_, i) => [1, i % 2, 0, 0]);
  const findings = found(linearClassifier(even, [0, 0.1, -0.1, 0.05, -0.05, 0.1, -9]));
  assert.deepEqual(
    findings.map(({ place, message }) => [place, /its bias is (\S+),/.exec(message)?.[1]]),
    [['class 6', '-9']],
  );
});

test('the same layer is found as a MatMul and Add with reshapes behind', () => {
  const columns = [0, 1, 2, 3].flatMap((input) => rows.map((row) => row[input]!));
  const graph = graphWith({
    inputs: [valueOf('x', ['N', 1, 2, 2])],
    outputs: [valueOf('y', ['N', norms.length])],
    nodes: [
      nodeOf('Flatten', ['x'], ['flat']),
      nodeOf('MatMul', ['flat', 'w'], ['product']),
      nodeOf('Add', ['b', 'product'], ['sum']),
      nodeOf('Flatten', ['sum'], ['y']),
    ],
    initializers: tensorsOf({ w: float32([4, norms.length], columns), b: float32([norms.length], flat) }),
  });
  assert.deepEqual(
    found(graph).map(({ place }) => place),
    ['class 4'],
  );
});

test('nothing is said where there is no spread, too few classes, or no last layer of one row per class', () => {
  assert.deepEqual(
    found(
      linearClassifier(
        rows.map(() => [1, 1, 1, 1]),
        flat,
      ),
    ),
    [],
  );
  assert.deepEqual(found(linearClassifier(rows.slice(2, 6), flat.slice(2, 6))), []);
  const graph = linearClassifier(rows, flat);
  assert.deepEqual(findingsOf('final-layer-outlier', { graph }), [], 'a graph that could not be bound');
});
