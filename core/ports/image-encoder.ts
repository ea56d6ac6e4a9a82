import type { Plane } from '../scan/result.js';

/** Makes pictures that reports and `explain` show. Adapter: `adapters/images/encode.ts`. */
export interface ImageEncoder {
  /**
   * PNG bytes.
   * @throws ScanError `internal` for a plane that is no picture.
   */
  png(picture: Picture, options?: PictureOptions): Promise<Uint8Array>;
  /** The same as `data:image/png;base64,...`, for a self-contained page. */
  dataUri(picture: Picture, options?: PictureOptions): Promise<string>;
}

/** Values are clipped to 0..1; NaN counts as 0. */
export type Picture =
  /** [H, W] or [1, H, W] as gray, [3, H, W] as RGB. */
  | { readonly kind: 'plain'; readonly plane: Plane }
  /** [H, W] in a perceptually uniform colour map: dark is 0, bright is 1. */
  | { readonly kind: 'heat'; readonly map: Plane }
  /** A heat map over an image of the same size, the hotter the less transparent. */
  | { readonly kind: 'overlay'; readonly map: Plane; readonly image: Plane };

export interface PictureOptions {
  /** Every value becomes a square of this many pixels (nearest neighbour); a whole number from 1 to 64, default 1. */
  readonly zoom?: number | undefined;
}
