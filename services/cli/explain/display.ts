import type { Inspection } from '../../../core/scan/features.js';
import { fitImages, toUnit } from '../../../core/scan/fit-images.js';
import type { ImageSet, Preprocessing } from '../../../core/scan/images.js';
import type { Plane } from '../../../core/scan/result.js';

/**
 * The images as the model sees them, [C, H, W] in 0..1 with C of 1 or 3. Arrays have no known range, so each is stretched to
 * its own.
 */
export function displayImages(set: ImageSet, inspection: Inspection, preprocessing: Preprocessing): Plane[] {
  const { layout, channels, height, width, inputDims } = inspection;
  const input = fitImages(set, { inputDims, layout, integerInput: false }, preprocessing);
  const unit = toUnit(input);
  const size = channels * height * width;
  return Array.from({ length: set.count }, (_, index) => {
    const data = unit.slice(index * size, (index + 1) * size);
    const plane = drawable({ dims: [channels, height, width], data });
    return set.kind === 'raw' ? stretched(plane) : plane;
  });
}

/** The first channel of what is neither gray nor colour. */
function drawable({ dims, data }: Plane): Plane {
  const [channels, height, width] = dims as [number, number, number];
  if (channels === 1 || channels === 3) return { dims, data };
  return { dims: [1, height, width], data: data.slice(0, height * width) };
}

function stretched({ dims, data }: Plane): Plane {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const range = high - low || 1;
  return { dims, data: data.map((value) => (value - low) / range) };
}
