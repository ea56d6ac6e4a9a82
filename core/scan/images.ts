/** How pixel values become model input: `x = (pixel01 * scale - mean[c]) / std[c]`, pixel01 being 0..1. */
export interface Preprocessing {
  /** Order of the image axes in the model input; undefined: as the model's input shape says. */
  readonly layout?: 'NCHW' | 'NHWC' | undefined;
  /** Channel order fed to the model; undefined: `gray` for one channel, `rgb` for three, images of another kind are refused. */
  readonly channels?: 'rgb' | 'bgr' | 'gray' | undefined;
  /** [height, width] to resize to; undefined: an image of another size is refused. */
  readonly resize?: readonly [number, number] | undefined;
  /** Value of a white pixel before mean and std: 1 (default) or 255 (default for integer inputs). */
  readonly scale?: number | undefined;
  /** One value per channel, or one for all. Default 0. */
  readonly mean?: readonly number[] | undefined;
  /** One value per channel, or one for all. Default 1. */
  readonly std?: readonly number[] | undefined;
}

/** A clean image as decoded: 8 bits, height x width x channels (1 or 3, alpha removed). */
export interface DecodedImage {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** Clean images before they are fitted to one model. The digest is part of every result. */
export type ImageSet = PixelImageSet | RawImageSet;

interface ImageSetBase {
  /** sha256 over the decoded values, shapes and labels, in order. */
  readonly digest: string;
  readonly count: number;
  /** One per image; undefined where the label is unknown. */
  readonly labels: readonly (number | undefined)[];
  /** Class names by class index, where known. */
  readonly classNames?: readonly string[] | undefined;
}

export interface PixelImageSet extends ImageSetBase {
  readonly kind: 'pixels';
  readonly images: readonly DecodedImage[];
}

/** From .npy or .npz: taken as the model's input, as it is. */
export interface RawImageSet extends ImageSetBase {
  readonly kind: 'raw';
  /** First axis counts the images. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Images fitted to one model. */
export interface ModelInput {
  /** [N, C, H, W] or [N, H, W, C]; N counts all images. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
  readonly layout: 'NCHW' | 'NHWC';
  readonly labels: readonly (number | undefined)[];
  /** Model-input value of a black and of a white pixel, per channel: the box a trigger may be drawn in. */
  readonly domain: { readonly low: readonly number[]; readonly high: readonly number[] };
}
