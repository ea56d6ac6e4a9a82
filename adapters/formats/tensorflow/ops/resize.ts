import type { Convert, OpContext } from '../context.js';
import { toChannelsFirst, toChannelsLast } from './layout.js';

/** Without either flag the corners of the pixels are aligned: asymmetric. Images are always [N, H, W, C]. */
export const resizeBilinear: Convert = (c) => {
  const mode = c.bool('half_pixel_centers', false)
    ? 'half_pixel'
    : c.bool('align_corners', false)
      ? 'align_corners'
      : 'asymmetric';
  // The result is a float whatever the image was.
  const image = c.typeOf(c.input(0))?.dtype === 'float32' ? c.input(0) : c.cast(c.input(0), 'float32');
  return resized(c, image, { mode: 'linear', coordinate_transformation_mode: mode });
};

/**
 * TensorFlow takes floor((x + 0.5) * scale) with half pixel centers, which is ONNX's half_pixel rounded half up; the nearest
 * corner-aligned pixel, half up; or the floor.
 */
export const resizeNearest: Convert = (c) => {
  const [mode, rounding]: [string, string] = c.bool('half_pixel_centers', false)
    ? ['half_pixel', 'round_prefer_ceil']
    : c.bool('align_corners', false)
      ? ['align_corners', 'round_prefer_ceil']
      : ['asymmetric', 'floor'];
  return resized(c, c.input(0), {
    mode: 'nearest',
    coordinate_transformation_mode: mode,
    nearest_mode: rounding,
  });
};

/** ONNX wants sizes of all axes; that of images and channels stays. */
function resized(c: OpContext, image: string, attributes: Record<string, string>): string {
  const first = toChannelsFirst(c, image);
  const kept = c.emit.slice(c.emit.op('Shape', [first]), [0], [2], [0]);
  const sizes = c.emit.op('Concat', [kept, c.int64(1)], { axis: 0 });
  return toChannelsLast(c, c.emit.op('Resize', [first, '', '', sizes], attributes));
}
