import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Tensor } from '../../core/onnx/graph.js';
import type { Engine, EngineSession } from '../../core/ports/engine.js';
import { ScanError } from '../../core/scan/errors.js';
import { algebraCases } from './engine/algebra.js';
import { array, literal, noise, tensor } from './engine/array.js';
import { layoutCases } from './engine/layout.js';
import { graph, node, type EngineCase } from './engine/program.js';
import { windowCases } from './engine/windows.js';

export interface EngineContract {
  readonly name: string;
  readonly newEngine: () => Engine;
  /** Title of a test, as printed, to the reason why this engine cannot pass it. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** What the scanner relies on, whatever engine runs the programs: the same numbers, the same errors, no leaks. */
export function runEngineContract({ name, newEngine, skip = {} }: EngineContract): void {
  const tests: readonly (readonly [title: string, body: (engine: Engine) => Promise<void>])[] = [
    ...[...windowCases(), ...algebraCases(), ...layoutCases()].map((c) => [c.title, check(c)] as const),
    ...behaviour,
  ];
  describe(`engine contract: ${name}`, () => {
    const engine = newEngine();
    it('has a unique title for every test and skips only tests that exist', () => {
      const titles = new Set(tests.map(([title]) => title));
      assert.equal(titles.size, tests.length);
      assert.deepEqual(
        Object.keys(skip).filter((title) => !titles.has(title)),
        [],
      );
    });
    for (const [title, body] of tests) {
      it(title, { skip: skip[title] ?? false }, () => body(engine));
    }
  });
}

function check({ program, feeds, expected }: EngineCase) {
  return async (engine: Engine): Promise<void> => {
    const session = await engine.load(program);
    try {
      const results = await session.run(feeds);
      assert.deepEqual([...results.keys()], [...expected.keys()]);
      for (const [output, tensor] of expected) assertTensor(results.get(output)!, tensor);
    } finally {
      await session.dispose();
    }
  };
}

/** Floats within 1e-5, relative above 1: a few float32 roundings. Everything else exact. */
function assertTensor(actual: Tensor, expected: Tensor): void {
  assert.equal(actual.dtype, expected.dtype);
  assert.deepEqual([...actual.dims], [...expected.dims]);
  assert.equal(actual.data.constructor, expected.data.constructor);
  if (expected.dtype !== 'float32') {
    assert.deepEqual(actual.data, expected.data);
    return;
  }
  const values = actual.data as Float32Array;
  (expected.data as Float32Array).forEach((want, i) => {
    const got = values[i]!;
    const near = got === want || Math.abs(got - want) <= 1e-5 * Math.max(1, Math.abs(want));
    assert.ok(near, `element ${i}: ${got} instead of ${want}`);
  });
}

const image = array([3, 2, 5, 5], (...index) => noise([3, 2, 5, 5]).at(...index));

/** Two outputs, one of which needs a convolution; the first axis is dynamic. */
const twoOutputs = graph({
  inputs: [['x', 'float32', ['n', 2, 5, 5]]],
  outputs: [
    ['twice', 'float32'],
    ['mean', 'float32'],
  ],
  nodes: [
    node('Add', ['x', 'x'], ['twice']),
    node('Conv', ['twice', 'w'], ['map'], { pads: [1, 1, 1, 1] }),
    node('ReduceMean', ['map'], ['mean'], { axes: [1, 2, 3], keepdims: 0 }),
  ],
  initializers: { w: tensor(noise([2, 2, 3, 3], 2)) },
});

const behaviour: readonly (readonly [title: string, body: (engine: Engine) => Promise<void>])[] = [
  [
    'says what runs',
    async (engine) => {
      await (await engine.load(twoOutputs)).dispose();
      assert.match(engine.info.name, /^[a-z]+$/);
      assert.match(engine.info.version, /^\d+\.\d+/);
      assert.match(engine.info.provider, /^(?!auto$)[a-z]+$/);
      assert.ok(engine.info.threads >= 1);
    },
  ],
  [
    'returns the outputs asked for, all by default',
    withSession(twoOutputs, async (session) => {
      const feeds = new Map([['x', tensor(image)]]);
      assert.deepEqual([...(await session.run(feeds)).keys()], ['twice', 'mean']);
      const some = await session.run(feeds, ['mean']);
      assert.deepEqual([...some.keys()], ['mean']);
      assert.deepEqual([...some.get('mean')!.dims], [3]);
    }),
  ],
  [
    'takes any extent of a symbolic axis, in any order',
    withSession(twoOutputs, async (session) => {
      const all = await meansOf(session, image.data, 3);
      for (const images of [1, 3, 2, 1]) {
        const part = await meansOf(session, image.data.slice(0, images * 50), images);
        assert.equal(part.length, images);
        part.forEach((value, i) => {
          assert.ok(Math.abs(value - all[i]!) < 1e-6);
        });
      }
    }),
  ],
  [
    'gives the same bits for the same feeds',
    withSession(twoOutputs, async (session) => {
      assert.deepEqual(await meansOf(session, image.data, 3), await meansOf(session, image.data, 3));
    }),
  ],
  [
    'does not touch its feeds, and a later run does not touch an earlier result',
    withSession(twoOutputs, async (session) => {
      const feed = tensor(image);
      const first = await session.run(new Map([['x', feed]]));
      const before = Float32Array.from(first.get('twice')!.data as Float32Array);
      await session.run(new Map([['x', tensor(noise([3, 2, 5, 5], 9))]]));
      assert.deepEqual(first.get('twice')!.data, before);
      assert.deepEqual(feed, tensor(image));
    }),
  ],
  [
    'keeps two sessions and overlapping runs apart',
    async (engine) => {
      const sessions = await Promise.all([scaleBy(2), scaleBy(3)].map((program) => engine.load(program)));
      const runs = await Promise.all(
        [0, 1, 0, 1].map((which, i) => sessions[which]!.run(new Map([['x', tensor(literal([1], [i + 1]))]]))),
      );
      assert.deepEqual(
        runs.map((result) => result.get('y')!.data[0]),
        [2, 6, 6, 12],
      );
      await Promise.all(sessions.map((session) => session.dispose()));
    },
  ],
  [
    'takes and gives scalars and empty batches',
    withSession(
      graph({
        inputs: [
          ['x', 'float32', ['n', 2]],
          ['s', 'float32', []],
        ],
        outputs: [['y', 'float32']],
        nodes: [node('Mul', ['x', 's'], ['y'])],
      }),
      async (session) => {
        const s = tensor(literal([], [2]));
        const empty = await session.run(
          new Map([
            ['x', tensor(literal([0, 2], []))],
            ['s', s],
          ]),
        );
        assert.deepEqual([...empty.get('y')!.dims], [0, 2]);
        assert.equal(empty.get('y')!.data.length, 0);
      },
    ),
  ],
  [
    'refuses a program with an unknown operator and names it',
    async (engine) => {
      const program = graph({
        inputs: [['x', 'float32', ['n']]],
        outputs: [['y', 'float32']],
        nodes: [node('NoSuchOperator', ['x'], ['y'])],
      });
      // An engine may see the operator when it loads the program or when it first meets it.
      const run = async (): Promise<unknown> => (await engine.load(program)).run(new Map([['x', tensor(noise([2]))]]));
      await assert.rejects(run, isFailure(/NoSuchOperator/));
    },
  ],
  [
    'reports a run with shapes that do not fit, names the node, and stays usable',
    withSession(
      graph({
        inputs: [
          ['a', 'float32', ['n', 'k']],
          ['b', 'float32', ['m', 'p']],
        ],
        outputs: [['y', 'float32']],
        nodes: [node('MatMul', ['a', 'b'], ['y'])],
      }),
      async (session) => {
        const feeds = (inner: number) =>
          new Map([
            ['a', tensor(noise([2, inner]))],
            ['b', tensor(noise([3, 2]))],
          ]);
        await assert.rejects(session.run(feeds(4)), isFailure(/node_y/));
        assert.deepEqual([...(await session.run(feeds(3))).get('y')!.dims], [2, 2]);
      },
    ),
  ],
  [
    'reports a missing feed, a feed of another type and an unknown output',
    withSession(scaleBy(2), async (session) => {
      const x = tensor(noise([2]));
      await assert.rejects(session.run(new Map()), isFailure(/x/));
      await assert.rejects(session.run(new Map([['x', tensor(literal([1], [1]), 'int64')]])), isFailure());
      await assert.rejects(session.run(new Map([['x', x]]), ['nothing']), isFailure(/nothing/));
    }),
  ],
  [
    'can be disposed of twice and refuses to run afterwards',
    async (engine) => {
      const session = await engine.load(scaleBy(2));
      await session.dispose();
      await session.dispose();
      await assert.rejects(session.run(new Map([['x', tensor(noise([2]))]])), isFailure());
    },
  ],
  [
    'many runs do not grow memory',
    withSession(scaleBy(2), async (session) => {
      const feed = tensor(noise([250_000]));
      const growth = await growthOf(600, async () => {
        await session.run(new Map([['x', feed]]));
      });
      // 600 results are 600 MB.
      assert.ok(growth < 200, `${growth} MB more after 600 runs`);
    }),
  ],
  [
    'disposed sessions give their memory back',
    async (engine) => {
      const program = scaleBy(2, 500_000);
      const growth = await growthOf(200, async () => {
        await (await engine.load(program)).dispose();
      });
      // 200 programs are 400 MB, and an engine holds at least one copy of its own.
      assert.ok(growth < 200, `${growth} MB more after 200 sessions`);
    },
  ],
];

function scaleBy(factor: number, size = 1): Parameters<Engine['load']>[0] {
  return graph({
    inputs: [['x', 'float32', ['n']]],
    outputs: [['y', 'float32']],
    nodes: [node('Mul', ['x', 'factor'], ['y'])],
    initializers: { factor: { dtype: 'float32', dims: [size], data: new Float32Array(size).fill(factor) } },
  });
}

function withSession(program: Parameters<Engine['load']>[0], body: (session: EngineSession) => Promise<void>) {
  return async (engine: Engine): Promise<void> => {
    const session = await engine.load(program);
    try {
      await body(session);
    } finally {
      await session.dispose();
    }
  };
}

async function meansOf(session: EngineSession, data: readonly number[], images: number): Promise<number[]> {
  const result = await session.run(new Map([['x', tensor(literal([images, 2, 5, 5], data))]]), ['mean']);
  return [...(result.get('mean')!.data as Float32Array)];
}

function isFailure(message = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ScanError, `${error} is no ScanError`);
    assert.equal(error.code, 'engine-failed');
    assert.match(error.message, message);
    return true;
  };
}

/** Megabytes of resident memory after `times` calls, compared with after a tenth of them. */
async function growthOf(times: number, call: () => Promise<void>): Promise<number> {
  for (let i = 0; i < times / 10; i++) await call();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < times; i++) await call();
  return Math.round((process.memoryUsage().rss - before) / 2 ** 20);
}
