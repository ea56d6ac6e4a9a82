import type { ImageSet, Preprocessing } from './images.js';

/** What a model's own files say of how pixels become its input; the numbers mean what they do in {@link Preprocessing}. */
export interface StatedPreprocessing {
  /** The file that says so. */
  readonly file: string;
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly channels?: 'bgr' | undefined;
  /** [height, width] that pictures are brought to; for people, nothing is resized by it. */
  readonly size?: readonly [number, number] | undefined;
}

/**
 * Whether what the model says counts: for pictures, while none of scale, mean and std is given. With one of them given all
 * three are as given or as by default: a mean of one source and a deviation of another would fit no model.
 */
export function takesStated({ scale, mean, std }: Preprocessing, { kind }: Pick<ImageSet, 'kind'>): boolean {
  return kind === 'pixels' && scale === undefined && mean === undefined && std === undefined;
}

/** The preprocessing of a scan that takes what the model says. */
export function withStated(given: Preprocessing, { scale, mean, std, channels }: StatedPreprocessing): Preprocessing {
  return { ...given, scale, mean, std, channels: given.channels ?? channels };
}
