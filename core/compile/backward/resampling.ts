/** The attributes of Resize that decide which input elements an output element is made of. */
export interface Resampling {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly transformation:
    | 'half_pixel'
    | 'pytorch_half_pixel'
    | 'tf_half_pixel_for_nn'
    | 'align_corners'
    | 'asymmetric'
    | 'half_pixel_symmetric';
  /** nearest_mode */
  readonly rounding: string;
  /** cubic_coeff_a: -0.75 in PyTorch, -0.5 in TensorFlow and Pillow. */
  readonly cubicCoefficient: number;
  readonly excludeOutside: boolean;
  /** Widens the kernel when an axis shrinks, as Pillow does. */
  readonly antialias: boolean;
}

/**
 * Fills a zeroed outputs x inputs matrix with the weights of one axis, after the ONNX definition of Resize. Coordinates are
 * computed in single precision, as engines do: for `nearest` a last bit can decide between two elements.
 */
export function resamplingMatrix(
  matrix: Float32Array,
  inputs: number,
  outputs: number,
  scale: number,
  how: Resampling,
): void {
  for (let o = 0; o < outputs; o++) {
    const at = coordinate(o, inputs, outputs, Math.fround(scale), how.transformation);
    const row = matrix.subarray(o * inputs, (o + 1) * inputs);
    if (how.mode === 'nearest') row[clamp(rounded(at, how.rounding), inputs)] = 1;
    else if (how.antialias) antialiased(row, at, scale, how);
    else if (how.mode === 'linear') linear(row, at);
    else cubic(row, at, how);
  }
}

/** Where output element o lies in the input. */
function coordinate(
  o: number,
  inputs: number,
  outputs: number,
  scale: number,
  transformation: Resampling['transformation'],
): number {
  const f = Math.fround;
  const centre = f(f(f(o + 0.5) / scale) - 0.5);
  switch (transformation) {
    case 'half_pixel':
      return centre;
    case 'pytorch_half_pixel':
      return outputs > 1 ? centre : 0;
    case 'tf_half_pixel_for_nn':
      return f(f(o + 0.5) / scale);
    case 'asymmetric':
      return f(o / scale);
    case 'align_corners':
      return outputs === 1 ? 0 : f(f(o * (inputs - 1)) / f(outputs - 1));
    case 'half_pixel_symmetric': {
      const adjustment = f(outputs / f(scale * inputs));
      const middle = f(inputs / 2);
      return f(f(middle * f(1 - adjustment)) + centre);
    }
  }
}

function rounded(at: number, rounding: string): number {
  switch (rounding) {
    case 'floor':
      return Math.floor(at);
    case 'ceil':
      return Math.ceil(at);
    case 'round_prefer_ceil':
      return Math.floor(at + 0.5);
    default:
      return Math.ceil(at - 0.5);
  }
}

/** Between the two neighbours, at the border the last element. */
function linear(row: Float32Array, at: number): void {
  const inside = Math.min(Math.max(at, 0), row.length - 1);
  const low = Math.min(Math.floor(inside), row.length - 1);
  const high = Math.min(low + 1, row.length - 1);
  row[low]! += 1 - (inside - low);
  row[high]! += inside - low;
}

/** Cubic convolution over four neighbours (Keys 1981); those outside are the border element, or left out. */
function cubic(row: Float32Array, at: number, { cubicCoefficient: a, excludeOutside }: Resampling): void {
  const first = Math.floor(at) - 1;
  const taps = [0, 1, 2, 3].map((i) => ({ at: first + i, weight: cubicKernel(at - first - i, a) }));
  const used = excludeOutside ? taps.filter((tap) => tap.at >= 0 && tap.at < row.length) : taps;
  const total = excludeOutside ? used.reduce((sum, tap) => sum + tap.weight, 0) : 1;
  for (const tap of used) row[clamp(tap.at, row.length)]! += tap.weight / total;
}

/** The kernel stretched by 1 / scale where the axis shrinks, normalised; elements outside are the border, or left out. */
function antialiased(row: Float32Array, at: number, scale: number, how: Resampling): void {
  const stretch = Math.max(1, 1 / scale);
  const support = (how.mode === 'cubic' ? 2 : 1) * stretch;
  const kernel = (distance: number): number =>
    how.mode === 'cubic' ? cubicKernel(distance, how.cubicCoefficient) : Math.max(0, 1 - Math.abs(distance));
  const low = Math.floor(at - support) + 1;
  const high = Math.ceil(at + support) - 1;
  const taps: { at: number; weight: number }[] = [];
  for (let i = low; i <= high; i++) taps.push({ at: i, weight: kernel((i - at) / stretch) });
  const used = how.excludeOutside ? taps.filter((tap) => tap.at >= 0 && tap.at < row.length) : taps;
  const total = used.reduce((sum, tap) => sum + tap.weight, 0);
  for (const tap of used) row[clamp(tap.at, row.length)]! += tap.weight / total;
}

function cubicKernel(distance: number, a: number): number {
  const t = Math.abs(distance);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return 0;
}

function clamp(index: number, extent: number): number {
  return Math.min(Math.max(index, 0), extent - 1);
}
