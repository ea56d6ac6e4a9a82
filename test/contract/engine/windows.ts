import { array, literal, noise, sum, tensor, type NdArray } from './array.js';
import { oneNode, type EngineCase } from './program.js';

/** Ops that move a window over space. References are the textbook loops; reading outside an array gives 0. */
export function windowCases(): EngineCase[] {
  return [
    ...convolutions(),
    ...transposedConvolutions(),
    ...pools(),
    oneNode('Resize', 'nearest, asymmetric, floor: every element repeated 2 x 3 times', {
      inputs: [noise([2, 2, 2, 3]), undefined, literal([4], [1, 1, 2, 3])],
      constants: [1, 2],
      attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      expected: array([2, 2, 4, 9], (n, c, y, x) => noise([2, 2, 2, 3]).at(n, c, Math.floor(y / 2), Math.floor(x / 3))),
    }),
    oneNode('DepthToSpace', 'DCR counts phases before channels', {
      inputs: [noise([2, 8, 2, 3])],
      attributes: { blocksize: 2, mode: 'DCR' },
      expected: array([2, 2, 4, 6], (n, c, y, x) =>
        noise([2, 8, 2, 3]).at(n, ((y % 2) * 2 + (x % 2)) * 2 + c, Math.floor(y / 2), Math.floor(x / 2)),
      ),
    }),
    oneNode('DepthToSpace', 'CRD counts channels before phases', {
      inputs: [noise([2, 8, 2, 3])],
      attributes: { blocksize: 2, mode: 'CRD' },
      expected: array([2, 2, 4, 6], (n, c, y, x) =>
        noise([2, 8, 2, 3]).at(n, c * 4 + (y % 2) * 2 + (x % 2), Math.floor(y / 2), Math.floor(x / 2)),
      ),
    }),
  ];
}

interface Geometry {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
  readonly groups: number;
}

const plain: Geometry = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], groups: 1 };

function convolutions(): EngineCase[] {
  const conv = (detail: string, x: NdArray, w: NdArray, geometry: Partial<Geometry>, bias?: NdArray): EngineCase => {
    const g = { ...plain, ...geometry };
    return oneNode('Conv', detail, {
      inputs: bias ? [x, w, bias] : [x, w],
      attributes: { strides: g.strides, dilations: g.dilations, pads: g.pads, group: g.groups },
      expected: convolve(x, w, bias, g),
    });
  };
  const x = noise([2, 4, 7, 8]);
  return [
    conv('3 x 3 with bias', x, noise([3, 4, 3, 3], 2), {}, noise([3], 3)),
    conv('a kernel of another height than width', x, noise([3, 4, 1, 4], 2), {}),
    conv('1 x 1', x, noise([5, 4, 1, 1], 2), {}),
    conv('same padding', x, noise([3, 4, 3, 3], 2), { pads: [1, 1, 1, 1] }),
    conv('asymmetric padding', x, noise([3, 4, 3, 3], 2), { pads: [0, 1, 2, 0] }),
    conv('padding beyond the kernel', x, noise([3, 4, 2, 2], 2), { pads: [3, 3, 3, 3] }),
    conv('strides', x, noise([3, 4, 3, 3], 2), { strides: [2, 3], pads: [1, 1, 1, 1] }),
    conv('dilations', x, noise([3, 4, 3, 2], 2), { dilations: [2, 3], pads: [2, 1, 2, 1] }),
    conv('two groups', x, noise([6, 2, 3, 3], 2), { groups: 2, pads: [1, 1, 1, 1] }, noise([6], 3)),
    conv('depthwise with stride', x, noise([4, 1, 3, 3], 2), { groups: 4, strides: [2, 2], pads: [1, 1, 1, 1] }),
  ];
}

function convolve(x: NdArray, w: NdArray, bias: NdArray | undefined, g: Geometry): NdArray {
  const [images, , height, width] = x.dims as [number, number, number, number];
  const [filters, depth, tall, wide] = w.dims as [number, number, number, number];
  const rows = Math.floor((height + g.pads[0] + g.pads[2] - g.dilations[0] * (tall - 1) - 1) / g.strides[0]) + 1;
  const columns = Math.floor((width + g.pads[1] + g.pads[3] - g.dilations[1] * (wide - 1) - 1) / g.strides[1]) + 1;
  return array([images, filters, rows, columns], (n, f, row, column) => {
    const firstChannel = Math.floor(f / (filters / g.groups)) * depth;
    const dot = sum([depth, tall, wide], (c, ky, kx) => {
      const y = row * g.strides[0] - g.pads[0] + ky * g.dilations[0];
      const z = column * g.strides[1] - g.pads[1] + kx * g.dilations[1];
      return x.at(n, firstChannel + c, y, z) * w.at(f, c, ky, kx);
    });
    return dot + (bias?.at(f) ?? 0);
  });
}

function transposedConvolutions(): EngineCase[] {
  const conv = (detail: string, x: NdArray, w: NdArray, geometry: Partial<Geometry>, extra = [0, 0]): EngineCase => {
    const g = { ...plain, ...geometry };
    return oneNode('ConvTranspose', detail, {
      inputs: [x, w],
      attributes: { strides: g.strides, dilations: g.dilations, pads: g.pads, group: g.groups, output_padding: extra },
      expected: convolveTransposed(x, w, g, extra),
    });
  };
  const x = noise([2, 4, 3, 5]);
  return [
    conv('plain', x, noise([4, 3, 3, 3], 2), {}),
    conv('padding crops the result', x, noise([4, 3, 3, 3], 2), { pads: [1, 0, 1, 1] }),
    conv('strides', x, noise([4, 3, 3, 3], 2), { strides: [2, 3], pads: [1, 1, 1, 1] }),
    conv('strides with output padding', x, noise([4, 3, 3, 3], 2), { strides: [2, 2], pads: [1, 1, 1, 1] }, [1, 1]),
    conv('dilations', x, noise([4, 2, 2, 3], 2), { dilations: [3, 2] }),
    conv('two groups', x, noise([4, 3, 3, 3], 2), { groups: 2, pads: [1, 1, 1, 1] }),
  ];
}

function convolveTransposed(x: NdArray, w: NdArray, g: Geometry, extra: readonly number[]): NdArray {
  const [images, channels, height, width] = x.dims as [number, number, number, number];
  const [, perGroup, tall, wide] = w.dims as [number, number, number, number];
  const extent = (axis: 0 | 1, size: number, taps: number): number =>
    g.strides[axis] * (size - 1) + extra[axis]! + (taps - 1) * g.dilations[axis] + 1 - g.pads[axis] - g.pads[axis + 2]!;
  const dims = [images, perGroup * g.groups, extent(0, height, tall), extent(1, width, wide)];
  const depth = channels / g.groups;
  return array(dims, (n, f, row, column) =>
    sum([depth, tall, wide], (c, ky, kx) => {
      const y = (row + g.pads[0] - ky * g.dilations[0]) / g.strides[0];
      const z = (column + g.pads[1] - kx * g.dilations[1]) / g.strides[1];
      if (!Number.isInteger(y) || !Number.isInteger(z)) return 0;
      const channel = Math.floor(f / perGroup) * depth + c;
      return x.at(n, channel, y, z) * w.at(channel, f % perGroup, ky, kx);
    }),
  );
}

function pools(): EngineCase[] {
  const x = noise([2, 2, 5, 5]);
  const window = (y: number, z: number, size: number): (readonly [number, number])[] =>
    array([size, size], () => 0).data.map((_, i) => [y + Math.floor(i / size), z + (i % size)] as const);
  const inside = ([y, z]: readonly [number, number]): boolean => y >= 0 && z >= 0 && y < 5 && z < 5;
  const maximum = (n: number, c: number, y: number, z: number, size: number): number =>
    Math.max(
      ...window(y, z, size)
        .filter(inside)
        .map(([row, column]) => x.at(n, c, row, column)),
    );
  const total = (n: number, c: number, y: number, z: number, size: number): number =>
    window(y, z, size).reduce((sum, [row, column]) => sum + x.at(n, c, row, column), 0);
  const covered = (y: number, z: number, size: number): number => window(y, z, size).filter(inside).length;
  return [
    oneNode('MaxPool', '2 x 2 leaves an odd edge out', {
      inputs: [x],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
      expected: array([2, 2, 2, 2], (n, c, y, z) => maximum(n, c, 2 * y, 2 * z, 2)),
    }),
    oneNode('MaxPool', 'ceil_mode takes the odd edge in', {
      inputs: [x],
      attributes: { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 },
      expected: array([2, 2, 3, 3], (n, c, y, z) => maximum(n, c, 2 * y, 2 * z, 2)),
    }),
    oneNode('MaxPool', 'overlapping windows; padding never wins', {
      inputs: [array([2, 2, 5, 5], (...index) => x.at(...index) - 2)],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      expected: array([2, 2, 3, 3], (n, c, y, z) => maximum(n, c, 2 * y - 1, 2 * z - 1, 3) - 2),
    }),
    ...[0, 1].map((includePad) =>
      oneNode('AveragePool', `count_include_pad ${includePad}`, {
        inputs: [x],
        attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: includePad },
        expected: array([2, 2, 3, 3], (n, c, y, z) => {
          const count = includePad ? 9 : covered(2 * y - 1, 2 * z - 1, 3);
          return total(n, c, 2 * y - 1, 2 * z - 1, 3) / count;
        }),
      }),
    ),
    oneNode('GlobalAveragePool', 'mean over space', {
      inputs: [x],
      expected: array([2, 2, 1, 1], (n, c) => total(n, c, 0, 0, 5) / 25),
    }),
    oneNode('GlobalMaxPool', 'maximum over space', {
      inputs: [x],
      expected: array([2, 2, 1, 1], (n, c) => maximum(n, c, 0, 0, 5)),
    }),
    oneNode('MaxPool', 'equal values and minus infinity', {
      inputs: [literal([1, 1, 2, 4], [0, 0, -Infinity, -Infinity, 0, 0, -Infinity, 3])],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
      expected: tensor(literal([1, 1, 1, 2], [0, 3])),
    }),
  ];
}
