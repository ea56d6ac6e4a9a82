import type { Preprocessing } from './images.js';

/** A preprocessing and the command-line flags that ask for it. */
export interface PreprocessingSuggestion {
  readonly flags: string;
  readonly preprocessing: Preprocessing;
}

/**
 * Common preprocessings other than the current one, to be tried when a model gets most clean images wrong; for three
 * channels also the current one with red and blue swapped. Layout and size stay as they are.
 */
export function suggestPreprocessings(
  current: Preprocessing,
  channels: number = current.channels === 'gray' ? 1 : 3,
): PreprocessingSuggestion[] {
  const order = current.channels === 'bgr' ? 'rgb' : current.channels;
  const candidates: Preprocessing[] = [
    { scale: 1, mean: [0], std: [1], channels: order },
    { scale: 255, mean: [0], std: [1], channels: order },
    { scale: 1, mean: [0.5], std: [0.5], channels: order },
    ...(channels === 3
      ? [
          // torchvision's ImageNet statistics, and the mean that Caffe and keras `mode='caffe'` subtract.
          { scale: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], channels: order },
          { scale: 255, mean: [103.939, 116.779, 123.68], std: [1], channels: 'bgr' as const },
          { channels: current.channels === 'bgr' ? ('rgb' as const) : ('bgr' as const) },
        ]
      : [{ scale: 1, mean: [0.1307], std: [0.3081], channels: order }]),
  ];
  const suggestions = new Map<string, Preprocessing>();
  for (const candidate of candidates) {
    const preprocessing = { ...current, ...candidate };
    suggestions.set(flagsOf(preprocessing), preprocessing);
  }
  suggestions.delete(flagsOf(current));
  return Array.from(suggestions, ([flags, preprocessing]) => ({ flags, preprocessing }));
}

function flagsOf({ scale = 1, mean = [0], std = [1], channels }: Preprocessing): string {
  const order = channels === undefined ? '' : ` --channels ${channels}`;
  return `--scale ${scale} --mean ${mean.join(',')} --std ${std.join(',')}${order}`;
}
