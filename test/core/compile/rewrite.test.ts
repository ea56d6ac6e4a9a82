import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { createEmitter, type Emitter } from '../../../core/compile/emit.js';
import { withRewrites } from '../../../core/compile/rewrite.js';
import type { Graph, Node } from '../../../core/onnx/graph.js';
import { liveNodes } from '../../../core/onnx/live.js';
import { float32, sizeOf } from '../../../core/onnx/tensor.js';
import { graphWith, valueOf } from '../../support/graphs.js';

const [classes, images, channels, side] = [3, 2, 4, 5] as const;
const imageDims = [images, channels, side, side];
const gradientDims = [classes, ...imageDims];
const forward = new Map([['x', imageDims]]);
const engine = createOnnxruntimeEngine({ provider: 'cpu' });

/** The gradient enters as `seeds`, a forward value as `x`; both with zeros and both signs. */
async function run(write: (emit: Emitter) => string, emitter: Emitter): Promise<{ nodes: Node[]; data: Float32Array }> {
  const result = write(emitter);
  const program: Graph = graphWith({
    opsets: new Map([['', 21]]),
    irVersion: 10,
    inputs: [valueOf('seeds', gradientDims), valueOf('x', imageDims)],
    outputs: [valueOf(result, undefined)],
    nodes: liveNodes(emitter.nodes, [result]),
    initializers: emitter.initializers,
  });
  const feeds = new Map([
    ['seeds', float32(gradientDims, wave(sizeOf(gradientDims), 1.7))],
    ['x', float32(imageDims, wave(sizeOf(imageDims), 2.3))],
  ]);
  const session = await engine.load(program);
  try {
    const outputs = await session.run(feeds);
    return { nodes: [...program.nodes], data: outputs.get(result)!.data as Float32Array };
  } finally {
    await session.dispose();
  }
}

/** Every seventh value is 0. */
function wave(length: number, step: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (i % 7 === 0 ? 0 : Math.sin(i * step)));
}

/** Runs what `write` emits as it is and rewritten; both must give the same values. Returns the ops of the rewritten program. */
async function rewritten(write: (emit: Emitter) => string, rounding = 0): Promise<{ ops: string[]; nodes: Node[] }> {
  const bare = (): Emitter => createEmitter(new Set(['seeds', 'x']));
  const plain = await run(write, bare());
  const clever = await run(
    write,
    withRewrites(bare(), new Set(['seeds']), (name) => forward.get(name)),
  );
  assert.equal(clever.data.length, plain.data.length);
  clever.data.forEach((value, i) => {
    const expected = plain.data[i]!;
    assert.ok(Math.abs(value - expected) <= rounding * Math.abs(expected), `element ${i}: ${value}, not ${expected}`);
  });
  return { ops: clever.nodes.map(({ op }) => op), nodes: clever.nodes };
}

const open = (emit: Emitter): string =>
  emit.op('Cast', [emit.op('Greater', ['x', emit.constant(float32([], [0]))])], { to: 1 });
const half = (emit: Emitter): string => emit.constant(float32([], [0.5]));
const merged = [-1, channels, side, side];
const conv = (emit: Emitter, value: string, pads = [1, 1, 1, 1]): string => {
  const weight = emit.constant(float32([4, 4, 3, 3], wave(144, 0.9)), 'w');
  return emit.op('Conv', [value, weight], { kernel_shape: [3, 3], pads });
};

suite('rewrites keep every value', () => {
  test('a ReLU behind a reshaped convolution moves to the convolution, and the reshape back is none', async () => {
    const { ops } = await rewritten((emit) => {
      const first = conv(emit, emit.reshape('seeds', merged));
      const gated = emit.op('Relu', [emit.reshape(first, [-1, ...imageDims], merged)]);
      return conv(emit, emit.reshape(gated, merged));
    });
    assert.deepEqual(ops, ['Reshape', 'Conv', 'Relu', 'Conv']);
  });

  test('a ReLU moves in front of padding, repetition, interleaving and masks', async () => {
    const scales = (emit: Emitter): string => emit.constant(float32([4], [1, 1, 2, 2]));
    const resize = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' } as const;
    const { ops } = await rewritten((emit) => {
      const repeated = emit.op('Resize', [conv(emit, emit.reshape('seeds', merged)), '', scales(emit)], resize);
      const interleaved = emit.op('DepthToSpace', [repeated], { blocksize: 2, mode: 'DCR' });
      return emit.op('Relu', [emit.pad(interleaved, [0, 0, 0, 1], [0, 0, 2, -1])]);
    });
    assert.deepEqual(ops, ['Reshape', 'Conv', 'Relu', 'Resize', 'DepthToSpace', 'Pad']);
    const masked = await rewritten((emit) => emit.op('Relu', [emit.op('Mul', ['seeds', open(emit)])]));
    assert.equal(masked.nodes.at(-1)?.op, 'Mul');
  });

  test('a ReLU stays where its place matters', async () => {
    const bias = (emit: Emitter): string => emit.constant(float32([], [-0.25]));
    for (const write of [
      (emit: Emitter) => emit.op('Relu', [emit.op('Mul', ['seeds', 'x'])]),
      (emit: Emitter) => emit.op('Relu', [emit.op('Add', ['seeds', bias(emit)])]),
      (emit: Emitter) => emit.op('Relu', [emit.pad('seeds', [0, 0, 0, 0, 1], [0, 0, 0, 0, 0], bias(emit))]),
    ]) {
      const { ops } = await rewritten(write);
      assert.equal(ops.at(-1), 'Relu');
    }
  });

  test('masks that follow each other become one per image', async () => {
    const { nodes } = await rewritten((emit) => {
      const other = emit.op('Cast', [emit.op('Less', ['x', half(emit)])], { to: 1 });
      return emit.op('Mul', [emit.op('Mul', ['seeds', open(emit)]), other]);
    });
    const perClass = nodes.filter(({ inputs }) => inputs.includes('seeds'));
    assert.deepEqual(
      perClass.map(({ op }) => op),
      ['Mul'],
    );
  });

  test('factors that are no masks are multiplied one by one, in their order', async () => {
    const { ops } = await rewritten((emit) => emit.op('Mul', [emit.op('Mul', ['seeds', 'x']), 'x']));
    assert.deepEqual(ops, ['Mul', 'Mul']);
  });

  test('what is left of a mask counts as a mask', async () => {
    const { ops } = await rewritten((emit) => {
      const first = open(emit);
      const rest = emit.op('Sub', [emit.constant(float32([], [1])), first]);
      const second = emit.op('Mul', [emit.op('Cast', [emit.op('Less', ['x', half(emit)])], { to: 1 }), rest]);
      return emit.op('Relu', [emit.op('Mul', ['seeds', emit.op('Sub', [rest, second])])]);
    });
    assert.equal(ops.at(-1), 'Mul');
  });

  test('zero padding in front of a mask and a convolution becomes the convolution’s own', async () => {
    const { ops, nodes } = await rewritten((emit) => {
      const cropped = emit.slice('seeds', [0, 0], [side - 1, side - 2], [3, 4]);
      const padded = emit.pad(cropped, [0, 0, 0, 0, 0], [0, 0, 0, 1, 2]);
      return conv(emit, emit.reshape(emit.op('Mul', [padded, open(emit)]), merged));
    });
    assert.ok(!ops.includes('Pad'));
    assert.deepEqual(nodes.find(({ op }) => op === 'Conv')?.attributes.get('pads')?.value, [1, 1, 2, 3]);
  });

  test('padding that is not zero, not spatial or a crop stays', async () => {
    const larger = [-1, channels, side + 1, side + 1];
    for (const [pad, shape] of [
      [(emit: Emitter) => emit.pad('seeds', [0, 0, 0, 1, 1], [0, 0, 0, 0, 0], half(emit)), larger],
      [(emit: Emitter) => emit.pad('seeds', [1, 0, 0, 0, 0], [0, 0, 0, 1, 1]), larger],
      [(emit: Emitter) => emit.pad('seeds', [0, 0, 0, -1, 0], [0, 0, 0, 1, 0]), merged],
    ] as const) {
      const { ops } = await rewritten((emit) => conv(emit, emit.reshape(pad(emit), shape)));
      assert.ok(ops.includes('Pad'));
    }
  });

  test('two reshaped convolutions are added in their own shape', async () => {
    const { ops } = await rewritten((emit) => {
      const branch = (): string => emit.reshape(conv(emit, emit.reshape('seeds', merged)), [-1, ...imageDims], merged);
      return emit.op('Add', [branch(), branch()]);
      // The engine then adds within the second convolution, in another order.
    }, 1e-5);
    assert.deepEqual(
      ops.filter((op) => op !== 'Reshape'),
      ['Conv', 'Conv', 'Add'],
    );
    assert.equal(ops.at(-1), 'Reshape');
  });
});
