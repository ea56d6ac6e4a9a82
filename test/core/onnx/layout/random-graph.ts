import type { Node, Tensor } from '../../../../core/onnx/graph.js';
import { float32, ints, scalar } from '../../../../core/onnx/tensor.js';
import type { Random } from '../../../support/random.js';
import { op } from '../support/graphs.js';
import { toNchw, toNhwc } from './rewrites.js';

export interface RandomGraph {
  readonly nodes: readonly Node[];
  readonly constants: Readonly<Record<string, Tensor>>;
}

type Dims = readonly [number, number, number, number];

/** A classifier as exporters of channels-last frameworks write it: x [N,H,W,C] to y [N,5]. */
export function randomGraph(random: Random, input: Dims, length: number): RandomGraph {
  const nodes: Node[] = [];
  const constants: Record<string, Tensor> = {};
  const values: { name: string; dims: Dims }[] = [{ name: 'x', dims: input }];
  let count = 0;
  const fresh = (): string => `v${++count}`;
  const known = (tensor: Tensor): string => {
    const name = `k${++count}`;
    constants[name] = tensor;
    return name;
  };
  const noise = (...dims: number[]): Tensor => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return float32(
      dims,
      Array.from({ length: size }, () => random.uniform(-0.7, 0.7)),
    );
  };
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const emit = (name: string, inputs: string, attributes: Parameters<typeof op>[3] = {}): string => {
    const output = fresh();
    nodes.push(op(name, inputs, output, attributes));
    return output;
  };
  /** An op that needs NCHW, in its two Transposes. */
  const wrapped = (name: string, value: string, inputs: string, attributes: Parameters<typeof op>[3]): string => {
    const [before, inner, after] = [fresh(), fresh(), fresh()];
    nodes.push(toNchw(value, before), op(name, before + inputs, inner, attributes), toNhwc(inner, after));
    return after;
  };

  const steps: ((value: string, dims: Dims) => { name: string; dims: Dims } | undefined)[] = [
    (value, dims) => ({ name: emit(pick(['Relu', 'Sigmoid', 'Tanh', 'LeakyRelu', 'HardSwish']), value), dims }),
    (value, dims) => ({ name: emit('Clip', `${value}, ${known(scalar(-0.4))}, ${known(scalar(0.6))}`), dims }),
    (value, dims) => {
      const [, h, w, c] = dims;
      const shape = pick([[c], [1], [w, c], [h, 1, c], [1, h, w, 1]]);
      const pair = random.shuffle([value, known(noise(...shape))]);
      return { name: emit(pick(['Add', 'Sub', 'Mul', 'Max']), pair.join()), dims };
    },
    (value, dims) => {
      const other = values.filter((each) => each.dims.join() === dims.join());
      return { name: emit(pick(['Add', 'Mul']), `${value}, ${pick(other).name}`), dims };
    },
    (value, [n, h, w, c]) => {
      const other = pick(values.filter((each) => each.dims.slice(0, 3).join() === [n, h, w].join()));
      if (c + other.dims[3] > 12) return undefined;
      return {
        name: emit('Concat', `${value}, ${other.name}`, { axis: pick([3, -1]) }),
        dims: [n, h, w, c + other.dims[3]],
      };
    },
    (value, [n, h, w, c]) => {
      const out = 1 + random.below(6);
      const inputs = `, ${known(noise(out, c, 3, 3))}, ${known(noise(out))}`;
      return {
        name: wrapped('Conv', value, inputs, { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }),
        dims: [n, h, w, out],
      };
    },
    (value, [n, h, w, c]) => {
      if (h < 4 || w < 4) return undefined;
      const name = wrapped(pick(['MaxPool', 'AveragePool']), value, '', { kernel_shape: [2, 2], strides: [2, 2] });
      return { name, dims: [n, h >> 1, w >> 1, c] };
    },
    (value, [n, h, w, c]) => {
      const pads = ints(0, random.below(2), 1, 0, 0, 1, random.below(2), 0);
      const [top, left, bottom, right] = [1, 2, 5, 6].map((i) => Number(pads.data[i]));
      return { name: emit('Pad', `${value}, ${known(pads)}`), dims: [n, h + top! + bottom!, w + left! + right!, c] };
    },
    (value, [n, h, w, c]) => {
      if (h < 3) return undefined;
      const inputs = [value, known(ints(1, 0)), known(ints(h, c)), known(ints(1, -1))];
      return { name: emit('Slice', inputs.join()), dims: [n, h - 1, w, c] };
    },
    (value, [n, h, w, c]) => {
      if (c < 2) return undefined;
      const [left, right] = [fresh(), fresh()];
      nodes.push(op('Split', `${value}, ${known(ints(1, c - 1))}`, `${left}, ${right}`, { axis: 3 }));
      values.push({ name: left, dims: [n, h, w, 1] });
      return { name: right, dims: [n, h, w, c - 1] };
    },
    (value, dims) => {
      const keepdims = random.below(2);
      const axes = pick([[1, 2], [3], [2]]);
      const mean = emit(pick(['ReduceMean', 'ReduceMax']), `${value}, ${known(ints(...axes))}`, { keepdims });
      const kept = dims.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
      const gate = keepdims ? mean : emit('Reshape', `${mean}, ${known(ints(...kept))}`);
      return { name: emit('Mul', `${value}, ${emit('Sigmoid', gate)}`), dims };
    },
    (value, dims) => ({ name: emit('Softmax', value, { axis: pick([3, -1, 1]) }), dims }),
    (value, dims) => ({ name: emit('PRelu', `${value}, ${known(noise(dims[3]))}`), dims }),
    (value, [n, h, w, c]) => {
      if (h * w > 100) return undefined;
      const scales = known(float32([4], [1, 2, 2, 1]));
      const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
      return { name: emit('Resize', `${value}, , ${scales}`, attributes), dims: [n, 2 * h, 2 * w, c] };
    },
    (value, [n, h, w, c]) => {
      const out = 1 + random.below(5);
      return { name: emit('MatMul', `${value}, ${known(noise(c, out))}`), dims: [n, h, w, out] };
    },
    (value, dims) => {
      const other = pick(values.filter((each) => each.dims.join() === dims.join()));
      const mask = emit('Greater', `${value}, ${other.name}`);
      return { name: emit('Where', `${mask}, ${value}, ${known(noise(dims[3]))}`), dims };
    },
    (value, [n, h, w, c]) => {
      // Rows and columns change places, in no pair.
      const output = fresh();
      nodes.push(op('Transpose', value, output, { perm: [0, 2, 1, 3] }));
      return { name: output, dims: [n, w, h, c] };
    },
    (value, dims) => ({
      name: emit('LayerNormalization', `${value}, ${known(noise(dims[3]))}`, { axis: -1, epsilon: { float: 0.1 } }),
      dims,
    }),
  ];

  for (let made = 0; made < length;) {
    const { name, dims } = pick(values.slice(-4));
    const next = pick(steps)(name, dims);
    if (next === undefined) continue;
    values.push(next);
    made++;
  }
  const { name, dims } = values.at(-1)!;
  const flat = random.below(2)
    ? { name: emit('Flatten', name, { axis: 1 }), size: dims[1] * dims[2] * dims[3] }
    : { name: emit('ReduceMean', `${name}, ${known(ints(1, 2))}`, { keepdims: 0 }), size: dims[3] };
  nodes.push(op('MatMul', `${flat.name}, ${known(noise(flat.size, 5))}`, 'y'));
  return { nodes, constants };
}
