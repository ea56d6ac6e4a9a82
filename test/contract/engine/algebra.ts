import { array, literal, noise, sum, tensor, type NdArray } from './array.js';
import { oneNode, type EngineCase } from './program.js';

/** Products, element-wise arithmetic, reductions and normalisations. */
export function algebraCases(): EngineCase[] {
  return [...products(), ...elementwise(), ...unary(), ...reductions(), ...normalisations()];
}

function products(): EngineCase[] {
  const x = noise([3, 4]);
  const w = noise([5, 4], 2);
  const stack = noise([2, 1, 3, 4]);
  const wide = noise([5, 4, 2], 3);
  const full = noise([2, 3, 5, 4], 4);
  return [
    oneNode('MatMul', 'two matrices', {
      inputs: [x, noise([4, 2], 2)],
      expected: array([3, 2], (i, j) => sum([4], (k) => x.at(i, k) * noise([4, 2], 2).at(k, j))),
    }),
    oneNode('MatMul', 'leading axes broadcast', {
      inputs: [stack, wide],
      expected: array([2, 5, 3, 2], (a, b, i, j) => sum([4], (k) => stack.at(a, 0, i, k) * wide.at(b, k, j))),
    }),
    oneNode('MatMul', 'a stack times one matrix', {
      inputs: [full, noise([4, 3], 2)],
      expected: array([2, 3, 5, 3], (a, b, i, j) => sum([4], (k) => full.at(a, b, i, k) * noise([4, 3], 2).at(k, j))),
    }),
    oneNode('MatMul', 'both operands are inputs of the run', {
      inputs: [x, noise([4, 2], 2)],
      constants: [],
      expected: array([3, 2], (i, j) => sum([4], (k) => x.at(i, k) * noise([4, 2], 2).at(k, j))),
    }),
    oneNode('Gemm', 'transposed weights and bias, as exporters write a linear layer', {
      inputs: [x, w, noise([5], 3)],
      attributes: { transB: 1 },
      expected: array([3, 5], (i, j) => sum([4], (k) => x.at(i, k) * w.at(j, k)) + noise([5], 3).at(j)),
    }),
    oneNode('Gemm', 'alpha, beta, transposed left side, bias column', {
      inputs: [x, noise([3, 2], 2), noise([4, 1], 3)],
      attributes: { transA: 1, alpha: { float: 0.5 }, beta: { float: 2 } },
      expected: array(
        [4, 2],
        (i, j) => 0.5 * sum([3], (k) => x.at(k, i) * noise([3, 2], 2).at(k, j)) + 2 * noise([4, 1], 3).at(i, 0),
      ),
    }),
  ];
}

function elementwise(): EngineCase[] {
  const a = noise([2, 3, 1]);
  const b = noise([3, 4], 2);
  const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
    Add: (p, q) => p + q,
    Sub: (p, q) => p - q,
    Mul: (p, q) => p * q,
    Div: (p, q) => p / q,
    Max: (p, q) => Math.max(p, q),
    Min: (p, q) => Math.min(p, q),
    PRelu: (p, q) => (p < 0 ? p * q : p),
  };
  const broadcast = Object.entries(operators).map(([op, formula]) =>
    oneNode(op, 'broadcasts both operands', {
      inputs: op === 'PRelu' ? [noise([2, 3, 4]), b] : [a, b],
      expected: array([2, 3, 4], (i, j, k) => {
        const left = op === 'PRelu' ? noise([2, 3, 4]).at(i, j, k) : a.at(i, j, 0);
        return formula(left, b.at(j, k));
      }),
    }),
  );
  return [
    ...broadcast,
    oneNode('Pow', 'of a positive base', {
      inputs: [literal([4], [0.25, 1, 4, 9]), literal([1], [1.5])],
      expected: literal([4], [0.125, 1, 8, 27]),
    }),
    oneNode('Mod', 'integers by 2: the parity of a count', {
      inputs: [tensor(literal([5], [0, 1, 2, 7, 10]), 'int64'), tensor(literal([], [2]), 'int64')],
      expected: tensor(literal([5], [0, 1, 0, 1, 0]), 'int64'),
    }),
    oneNode('Mod', 'floats with fmod by 2', {
      inputs: [literal([5], [0, 1, 2, 7, 10]), literal([], [2])],
      attributes: { fmod: 1 },
      expected: literal([5], [0, 1, 0, 1, 0]),
    }),
    oneNode('Clip', 'bounds are inputs', {
      inputs: [literal([5], [-3, -1, 0.5, 2, 9]), literal([], [-1]), literal([], [2])],
      expected: literal([5], [-1, -1, 0.5, 2, 2]),
    }),
    oneNode('Clip', 'without an upper bound', {
      inputs: [literal([3], [-3, 0, 9]), literal([], [0])],
      expected: literal([3], [0, 0, 9]),
    }),
  ];
}

function unary(): EngineCase[] {
  const x = literal([7], [-2, -1, -0.5, 0, 0.5, 1, 3]);
  const positive = literal([4], [0.25, 1, 4, 9]);
  const case1 = (op: string, formula: (x: number) => number, input = x, attributes = {}): EngineCase =>
    oneNode(op, 'element by element', {
      inputs: [input],
      attributes,
      expected: array(input.dims, (i) => formula(input.at(i))),
    });
  return [
    case1('Relu', (v) => Math.max(v, 0)),
    case1('LeakyRelu', (v) => (v < 0 ? 0.1 * v : v), x, { alpha: { float: 0.1 } }),
    case1('Elu', (v) => (v < 0 ? Math.expm1(v) : v)),
    case1('Sigmoid', (v) => 1 / (1 + Math.exp(-v))),
    case1('Tanh', Math.tanh),
    case1('Softplus', (v) => Math.log1p(Math.exp(v))),
    case1('HardSigmoid', (v) => Math.min(1, Math.max(0, v / 6 + 0.5)), x, { alpha: { float: 1 / 6 } }),
    case1('HardSwish', (v) => v * Math.min(1, Math.max(0, v / 6 + 0.5))),
    case1('Exp', Math.exp),
    case1('Abs', Math.abs),
    case1('Neg', (v) => -v),
    case1('Sign', Math.sign),
    case1('Floor', Math.floor),
    case1('Log', Math.log, positive),
    case1('Sqrt', Math.sqrt, positive),
    case1('Reciprocal', (v) => 1 / v, positive),
    oneNode('Erf', 'tabulated values (Abramowitz and Stegun, table 7.1)', {
      inputs: [literal([5], [-1, 0, 0.5, 1, 2])],
      expected: literal([5], [-0.8427007929, 0, 0.5204998778, 0.8427007929, 0.995322265]),
    }),
  ];
}

function reductions(): EngineCase[] {
  const x = noise([2, 3, 4, 5]);
  const axes = (...values: number[]) => tensor(literal([values.length], values), 'int64');
  const overSpace = (n: number, c: number): number[] => array([4, 5], (y, z) => x.at(n, c, y, z)).data.slice();
  return [
    oneNode('ReduceSum', 'axes are an input; the axes stay', {
      inputs: [x, axes(2, 3)],
      expected: array([2, 3, 1, 1], (n, c) => overSpace(n, c).reduce((a, b) => a + b)),
    }),
    oneNode('ReduceSum', 'negative axis, the axis goes', {
      inputs: [x, axes(-3)],
      attributes: { keepdims: 0 },
      expected: array([2, 4, 5], (n, y, z) => sum([3], (c) => x.at(n, c, y, z))),
    }),
    oneNode('ReduceSum', 'over everything', {
      inputs: [x],
      attributes: { keepdims: 0 },
      expected: literal([], [x.data.reduce((a, b) => a + b)]),
    }),
    ...(
      [
        ['ReduceMax', (v: number[]) => Math.max(...v)],
        ['ReduceMin', (v: number[]) => Math.min(...v)],
        ['ReduceMean', (v: number[]) => v.reduce((a, b) => a + b) / v.length],
        ['ReduceL1', (v: number[]) => v.reduce((a, b) => a + Math.abs(b), 0)],
        ['ReduceL2', (v: number[]) => Math.hypot(...v)],
      ] as const
    ).flatMap(([op, formula]) => [
      oneNode(op, 'axes are an attribute (opset 17)', {
        inputs: [x],
        attributes: { axes: [2, 3], keepdims: 0 },
        expected: array([2, 3], (n, c) => formula(overSpace(n, c))),
      }),
      oneNode(op, 'axes are an input (opset 18)', {
        inputs: [x, axes(-2, -1)],
        opset: 18,
        expected: array([2, 3, 1, 1], (n, c) => formula(overSpace(n, c))),
      }),
    ]),
    oneNode('ArgMax', 'index of the largest logit; the first of equals', {
      inputs: [literal([3, 4], [1, 5, 2, 0, 7, 7, 1, 7, -3, -2, -1, -4])],
      attributes: { axis: 1, keepdims: 0 },
      expected: tensor(literal([3], [1, 0, 2]), 'int64'),
    }),
  ];
}

function normalisations(): EngineCase[] {
  const x = noise([2, 3, 4]);
  const softmax = (values: number[], i: number): number =>
    Math.exp(values[i]!) / values.reduce((a, v) => a + Math.exp(v), 0);
  const alongAxis1 = (n: number, z: number): number[] => [0, 1, 2].map((c) => x.at(n, c, z));
  const image = noise([2, 3, 2, 2]);
  const [scale, shift, mean] = [noise([3], 2), noise([3], 3), noise([3], 4)] as [NdArray, NdArray, NdArray];
  const variance = literal([3], [0.5, 1, 2]);
  return [
    oneNode('Softmax', 'over the last axis, large values do not overflow', {
      inputs: [literal([2, 3], [1000, 1000, -1000, 0, 0, 0])],
      attributes: { axis: -1 },
      expected: literal([2, 3], [0.5, 0.5, 0, 1 / 3, 1 / 3, 1 / 3]),
    }),
    oneNode('Softmax', 'over a middle axis', {
      inputs: [x],
      attributes: { axis: 1 },
      expected: array([2, 3, 4], (n, c, z) => softmax(alongAxis1(n, z), c)),
    }),
    oneNode('LogSoftmax', 'over a middle axis', {
      inputs: [x],
      attributes: { axis: 1 },
      expected: array([2, 3, 4], (n, c, z) => Math.log(softmax(alongAxis1(n, z), c))),
    }),
    oneNode('BatchNormalization', 'with stored statistics', {
      inputs: [image, scale, shift, mean, variance],
      attributes: { epsilon: { float: 0.001 } },
      expected: array([2, 3, 2, 2], (n, c, y, z) => {
        const standard = (image.at(n, c, y, z) - mean.at(c)) / Math.sqrt(variance.at(c) + 0.001);
        return standard * scale.at(c) + shift.at(c);
      }),
    }),
    oneNode('LayerNormalization', 'over the last axis', {
      inputs: [x, noise([4], 2), noise([4], 3)],
      attributes: { axis: -1, epsilon: { float: 0.001 } },
      expected: array([2, 3, 4], (n, c, z) => {
        const mu = sum([4], (k) => x.at(n, c, k)) / 4;
        const spread = sum([4], (k) => (x.at(n, c, k) - mu) ** 2) / 4;
        return ((x.at(n, c, z) - mu) / Math.sqrt(spread + 0.001)) * noise([4], 2).at(z) + noise([4], 3).at(z);
      }),
    }),
  ];
}
