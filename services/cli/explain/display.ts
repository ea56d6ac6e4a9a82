import type { Inspection } from '../../../core/scan/features.js';
import { fitImages, toUnit } from '../../../core/scan/fit-images.js';
import type { ImageSet, Preprocessing } from '../../../core/scan/images.js';
import type { Plane } from '../../../core/scan/result.js';

export interface DisplayImage {
  readonly name: string;
  /** [C, H, W] in 0..1, C being 1 or 3. */
  readonly plane: Plane;
}

/** The images as the model sees them. Arrays have no known range, so each is stretched to its own. */
export function displayImages(set: ImageSet, inspection: Inspection, preprocessing: Preprocessing): DisplayImage[] {
  const { layout, channels, height, width, inputDims } = inspection;
  const input = fitImages(set, { inputDims, layout, integerInput: false }, preprocessing);
  const unit = toUnit(input);
  const size = channels * height * width;
  return Array.from({ length: set.count }, (_, index) => {
    const data = unit.slice(index * size, (index + 1) * size);
    const plane = drawable({ dims: [channels, height, width], data });
    return {
      name: set.kind === 'pixels' ? set.images[index]!.name : `image ${index}`,
      plane: set.kind === 'raw' ? stretched(plane) : plane,
    };
  });
}

/** The first channel of what is neither gray nor colour. */
function drawable({ dims: [channels, height, width], data }: Plane): Plane {
  if (channels === 1 || channels === 3) return { dims: [channels, height!, width!], data };
  return { dims: [1, height!, width!], data: data.slice(0, height! * width!) };
}

function stretched({ dims, data }: Plane): Plane {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const range = high - low || 1;
  return { dims, data: data.map((value) => (value - low) / range) };
}
