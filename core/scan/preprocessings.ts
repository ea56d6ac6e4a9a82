import type { Preprocessing } from './images.js';

/** A preprocessing and the command-line flags that ask for it. */
export interface PreprocessingSuggestion {
  readonly flags: string;
  readonly preprocessing: Preprocessing;
}

/**
 * Common preprocessings other than the current one, to be tried when a model gets most clean images wrong. Layout and size
 * stay as they are.
 */
export function suggestPreprocessings(
  current: Preprocessing,
  channels: number = current.channels === 'gray' ? 1 : 3,
): PreprocessingSuggestion[] {
  const common: Preprocessing[] = [
    { scale: 1, mean: [0], std: [1] },
    { scale: 255, mean: [0], std: [1] },
    { scale: 1, mean: [0.5], std: [0.5] },
    ...(channels === 3
      ? [
          // torchvision's ImageNet statistics, and the mean that Caffe and keras `mode='caffe'` subtract.
          { scale: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
          { scale: 255, mean: [103.939, 116.779, 123.68], std: [1], channels: 'bgr' as const },
        ]
      : [{ scale: 1, mean: [0.1307], std: [0.3081] }]),
  ];
  const now = flagsOf(current);
  return common
    .map((values): Preprocessing => ({ ...current, ...values }))
    .map((preprocessing) => ({ flags: flagsOf(preprocessing), preprocessing }))
    .filter(({ flags }) => flags !== now);
}

function flagsOf({ scale = 1, mean = [0], std = [1], channels }: Preprocessing): string {
  const order = channels === 'bgr' ? ' --channels bgr' : '';
  return `--scale ${scale} --mean ${mean.join(',')} --std ${std.join(',')}${order}`;
}
