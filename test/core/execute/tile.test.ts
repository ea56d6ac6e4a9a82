import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { imageFreeShare } from '../../../core/execute/image-free.js';
import { chooseRunShapes, type RunShapes } from '../../../core/execute/tile.js';
import type { Graph } from '../../../core/onnx/graph.js';
import { specialise, type StaticGraph } from '../../../core/onnx/specialise.js';
import { float32 } from '../../../core/onnx/tensor.js';
import { saliencyRuleNames } from '../../../core/scan/features.js';
import { graphWith, nodeOf, scanError, tensorsOf, valueOf } from '../../support/graphs.js';

/** Two convolutions with a ReLU, a max-pool in front of the first, behind the last, or nowhere. */
function convolutions(pool: 'early' | 'late' | 'none', side = 16): Graph {
  const attributes = { kernel_shape: { type: 'ints', value: [1, 1] } } as const;
  const conv = (x: string, w: string, y: string) => nodeOf('Conv', [x, w], [y], attributes);
  const pooled = (x: string, y: string) =>
    nodeOf(pool === 'none' ? 'Identity' : 'MaxPool', [x], [y], pool === 'none' ? {} : attributes);
  const first = pool === 'early' ? [pooled('x', 'p'), conv('p', 'w', 'a')] : [conv('x', 'w', 'a')];
  const last = pool === 'late' ? [conv('r', 'v', 'b'), pooled('b', 'c')] : [conv('r', 'v', 'c')];
  return graphWith({
    inputs: [valueOf('x', ['N', 4, side, side])],
    outputs: [valueOf('logits', undefined)],
    initializers: tensorsOf({
      w: float32([8, 4, 1, 1], new Float32Array(32)),
      v: float32([4, 8, 1, 1], new Float32Array(32)),
      u: float32([4, 6], new Float32Array(24)),
    }),
    nodes: [
      ...first,
      nodeOf('Relu', ['a'], ['r']),
      ...last,
      nodeOf('ReduceMean', ['c'], ['m'], {
        axes: { type: 'ints', value: [2, 3] },
        keepdims: { type: 'int', value: 0 },
      }),
      nodeOf('MatMul', ['m', 'u'], ['logits']),
    ],
  });
}

function bound(graph: Graph): { graph: StaticGraph; images: number; logitsName: string } {
  const dims = graph.inputs[0]!.dims!.slice(1) as number[];
  return { graph: specialise(graph, new Map([['x', [1, ...dims]]]), ['logits']), images: 1, logitsName: 'logits' };
}

suite('run shapes', () => {
  test('less memory makes smaller tiles, and a model that cannot fit says so', () => {
    const one = bound(convolutions('early'));
    const tile = (maxRunBytes: number): RunShapes['tile'] => chooseRunShapes(one, 6, 40, undefined, maxRunBytes).tile;
    const [roomy, tight] = [tile(2 ** 30), tile(2 ** 16)];
    assert.ok(tight.classes * tight.images < roomy.classes * roomy.images);
    assert.throws(() => tile(2 ** 12), scanError('model-too-large', /--max-memory/));
  });

  test('a tile holds whole runs of every rule, and no run is larger than its tile', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('early' as const, 'late' as const, 'none' as const),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 2, max: 1000 }),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 23, max: 30 }),
        (pool, side, classes, images, logBytes) => {
          const { tile, runs, batch } = chooseRunShapes(
            bound(convolutions(pool, side)),
            classes,
            images,
            undefined,
            2 ** logBytes,
          );
          assert.ok(tile.classes >= 1 && tile.classes <= classes);
          assert.ok(batch >= 1 && batch <= images);
          for (const rule of saliencyRuleNames) {
            assert.equal(tile.images % runs[rule].images, 0);
            assert.ok(runs[rule].classes >= 1 && runs[rule].classes <= tile.classes);
          }
        },
      ),
    );
  });

  test('a baked-in batch is the batch of every run', () => {
    const one = { ...bound(convolutions('late')), images: 1 };
    const { tile, runs, batch } = chooseRunShapes(one, 6, 40, 3, 2 ** 30);
    assert.deepEqual([tile.images, batch, ...saliencyRuleNames.map((rule) => runs[rule].images)], [3, 3, 3, 3, 3]);
  });
});

suite('the share of the backward pass that no image changes', () => {
  test('ends at the first max-pool from the logits', () => {
    const share = (graph: Graph): number => imageFreeShare(bound(graph).graph, 'logits');
    assert.equal(share(convolutions('none')), 1);
    assert.equal(share(convolutions('early')), 1);
    assert.ok(share(convolutions('late')) < 0.1);
  });

  test('large, it lets the rectified rule run several images at once where the others run one', () => {
    const wide = bound(convolutions('none', 200));
    const shapes = (count: number): RunShapes => chooseRunShapes(wide, 6, count, undefined, 2 ** 30);
    assert.ok(shapes(80).runs.rectified.images > shapes(80).runs.guided.images);
    assert.equal(shapes(8).tile.images, 1, 'few images are better shared out over the workers');
  });
});
