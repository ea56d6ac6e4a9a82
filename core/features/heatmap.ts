/** A gradient of one logit with respect to one image, row-major [channels, height, width]. */
export interface GradientShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Saliency map of one class on one image, [height, width] in 0..1: negative gradients are clipped, channels are joined by
 * their maximum, and the map is scaled by its own minimum and maximum (paper, "Saliency Map Generation").
 * A constant map carries no information and becomes all zeros.
 */
export function heatmap(gradient: ArrayLike<number>, shape: GradientShape): Float64Array {
  return scaleToUnit(positiveMap(gradient, shape));
}

/** `max_c max(gradient, 0)`, [height, width], in logit units per pixel step from black to white: the map before scaling. */
export function positiveMap(gradient: ArrayLike<number>, { channels, height, width }: GradientShape): Float64Array {
  const pixels = height * width;
  if (gradient.length !== channels * pixels) {
    throw new RangeError(`a gradient of ${gradient.length} values is not [${channels}, ${height}, ${width}]`);
  }
  const map = new Float64Array(pixels);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      // Math.max keeps NaN, so that a broken gradient stays visible.
      map[pixel] = Math.max(map[pixel]!, gradient[channel * pixels + pixel]!);
    }
  }
  return map;
}

function scaleToUnit(map: Float64Array): Float64Array {
  let low = Infinity;
  let high = -Infinity;
  for (const value of map) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = high - low;
  return span === 0 ? new Float64Array(map.length) : map.map((value) => (value - low) / span);
}
