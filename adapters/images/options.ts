export interface LoadOptions {
  /** Images taken at most; fewer are taken as they are. */
  readonly count: number;
  /** A labels file (.csv, .json; .npy for arrays) instead of the labels found beside the images. */
  readonly labels?: string | undefined;
  /**
   * Which images are taken, and in which order, when labels are known. `classes` (default): the first image of every class,
   * then the second of every class, ..., so that a folder sorted by class does not yield one class only. `file`: the
   * first ones in name order, in an array file as they stand.
   */
  readonly order?: 'classes' | 'file' | undefined;
  /** [height, width]: every picture is resized as it is read, see `resizeImages`. No effect on arrays. */
  readonly resize?: readonly [number, number] | undefined;
  readonly limits?: Partial<ImageLimits> | undefined;
}

/**
 * Bounds on what is read before anything is decoded. They are far above what a scan needs (tens of images) and far below
 * what would exhaust a machine.
 */
export interface ImageLimits {
  /** Files and folders looked at below the images folder. */
  readonly maxEntries: number;
  /** Folders below the images folder may nest this deep. */
  readonly maxDepth: number;
  /** Bytes of one picture file. */
  readonly maxFileBytes: number;
  /** Height x width of one picture. */
  readonly maxPixels: number;
  /** Bytes of all decoded pictures together. */
  readonly maxDecodedBytes: number;
  /** Bytes of one .npy or .npz file, and of the arrays unpacked from it. */
  readonly maxArrayBytes: number;
  /** Bytes of a labels file. */
  readonly maxLabelBytes: number;
}

export const imageLimits: ImageLimits = {
  maxEntries: 200_000,
  maxDepth: 8,
  maxFileBytes: 64 * 2 ** 20,
  maxPixels: 2 ** 26,
  maxDecodedBytes: 2 ** 30,
  maxArrayBytes: 2 ** 30,
  maxLabelBytes: 64 * 2 ** 20,
};

export const whatIsRead =
  'Clean images are a folder of PNG, JPEG or WebP files, or one .npy or .npz file that holds the model input.';
