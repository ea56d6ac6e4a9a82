import { digestOfSums } from '../../../adapters/formats/digest.js';
import { fileDigest, identifyModel, type IdentifiedModel } from '../../../adapters/formats/index.js';
import { sha256 } from '../../../adapters/hash/sha256.js';
import { putBlobFile } from '../../../adapters/stores/objects/blobs.js';
import { isModelPath, modelPaths, neutralName } from '../../../adapters/wire/paths.js';
import type { ImagesReference, Lane, ModelFileReference, ScanOrder } from '../../../core/pipeline/order.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import type { ModelLimits } from '../../../core/ports/runner.js';
import { inconclusiveResult } from '../../../core/scan/assemble-result.js';
import { asScanError, ScanError } from '../../../core/scan/errors.js';
import type { ImageSet } from '../../../core/scan/images.js';
import type { ModelIdentity, ScanResult } from '../../../core/scan/result.js';
import { profileHash, scanId, type ScanSettings } from '../../../core/scan/scan-id.js';
import { takesStated, withStated, type StatedPreprocessing } from '../../../core/scan/stated-preprocessing.js';

/** What all orders of one submission have in common. */
export interface Submission {
  readonly store: ObjectStore;
  readonly images: ImagesReference;
  /** Whether the images are pictures or arrays: see {@link takesStated}. */
  readonly imageKind: ImageSet['kind'];
  readonly settings: ScanSettings;
  readonly limits: ModelLimits;
  readonly lane: Lane;
}

/**
 * Identifies a model as the embedded scanner does and stores its files. A file that is no model has a digest and a scan id too,
 * which its failure names.
 * @throws FailedScan.
 */
export async function prepareOrder(path: string, given: Submission): Promise<PreparedOrder> {
  const { store, images, limits, lane } = given;
  let submission = given;
  let model: ModelIdentity = { path };
  try {
    const identified = await identifyModel(path, limits).catch(async (error: unknown) => {
      if (isDecodingError(error)) model = { path, ...(await fileDigest(path)) };
      throw error;
    });
    const { digest, bytes, format, stated } = identified;
    model = { path, digest, bytes, format };
    const asked = given.settings.preprocessing;
    const preprocessing = takesStated(asked, { kind: given.imageKind }) ? stated() : undefined;
    if (preprocessing) {
      model = { ...model, preprocessing };
      submission = { ...given, settings: { ...given.settings, preprocessing: withStated(asked, preprocessing) } };
    }
    const files = await storeFiles(store, path, identified);
    const order: ScanOrder = {
      scanId: scanIdOf(submission, digest),
      model: { name: path, digest, format, files },
      images,
      settings: submission.settings,
      limits,
      lane,
    };
    return { order, stated: preprocessing };
  } catch (error) {
    throw new FailedScan(submission, model, error);
  }
}

export interface PreparedOrder {
  readonly order: ScanOrder;
  /** What the model's files say of its preprocessing, where the order takes it. */
  readonly stated: StatedPreprocessing | undefined;
}

/** A model without a verdict of the pipeline, as the result that reports show. */
export class FailedScan extends Error {
  readonly result: ScanResult;

  constructor(submission: Submission, model: ModelIdentity, cause: unknown) {
    const { code, message } = asScanError(cause);
    super(message, { cause });
    const { settings, images } = submission;
    this.result = inconclusiveResult(
      {
        scanId: model.digest === undefined ? '' : scanIdOf(submission, model.digest),
        model,
        profile: settings.profile,
        profileHash: profileHash(sha256, settings),
        images: { digest: images.digest, count: images.count, labelled: images.labelled },
        timings: { total: 0 },
      },
      { code, message },
    );
  }
}

function scanIdOf({ settings, images }: Submission, modelDigest: string): string {
  return scanId(sha256, { modelDigest, imagesDigest: images.digest, profileHash: profileHash(sha256, settings) });
}

async function storeFiles(
  store: ObjectStore,
  title: string,
  { files: names, paths, digest }: IdentifiedModel,
): Promise<ModelFileReference[]> {
  const single = names.length === 1;
  if (!single) modelPaths(names);
  const files: ModelFileReference[] = [];
  for (const [i, name] of names.entries()) {
    // The name of a single file is for messages alone.
    files.push({ path: single && !isModelPath(name) ? neutralName : name, ...(await putBlobFile(store, paths[i]!)) });
  }
  if (digestOfSums(files.map(({ path, sha256: sum }) => ({ path, sum }))) !== digest) {
    throw new ScanError('model-unreadable', `${title}: the model changed while it was read; submit it again`);
  }
  return files;
}

function isDecodingError(error: unknown): boolean {
  return error instanceof ScanError && (error.code === 'model-malformed' || error.code === 'model-external-data');
}
