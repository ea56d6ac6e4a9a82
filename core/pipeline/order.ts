import type { ModelLimits } from '../ports/runner.js';
import type { ScanSettings } from '../scan/scan-id.js';

/**
 * `gate`: somebody waits for the verdict. `fleet`: re-scans that may take the night. Neither lane can starve the other.
 */
export const lanes = ['gate', 'fleet'] as const;
export type Lane = (typeof lanes)[number];

/**
 * Orders one scan of one model. Small and JSON-able, because it is the argument of a workflow; everything big is in the
 * object store and named here by its sha256 ("claim check").
 */
export interface ScanOrder {
  /** Of model digest, image digest and settings: see `scanId`. Also the id of the workflow. */
  readonly scanId: string;
  readonly model: ModelReference;
  readonly images: ImagesReference;
  readonly settings: ScanSettings;
  readonly limits: ModelLimits;
  readonly lane: Lane;
}

export interface ModelReference {
  /** As the model was pushed, for people; never a path that is opened. */
  readonly name: string;
  /** `sha256:<hex>` over all files, as `ModelFile.digest`. */
  readonly digest: string;
  readonly format: string;
  /** The model file comes first. Paths are relative, `/` between names. */
  readonly files: readonly ModelFileReference[];
}

export interface ModelFileReference extends BlobReference {
  readonly path: string;
}

export interface ImagesReference extends BlobReference {
  /** `sha256:<hex>`: the digest of the image set, which does not depend on how it is encoded. */
  readonly digest: string;
  readonly count: number;
  readonly labelled: number;
}

/** Names an immutable object of the object store by its content. */
export interface BlobReference {
  /** 64 hex digits. */
  readonly sha256: string;
  readonly bytes: number;
}
