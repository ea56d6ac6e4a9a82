import { stat } from 'node:fs/promises';
import { fileDigest } from '../../../adapters/formats/index.js';
import type { IsolatedRunner } from '../../../adapters/isolation/index.js';
import type { SurveyJob } from '../../../adapters/isolation/protocol.js';
import { asScanError, type ScanErrorCode } from '../../../core/scan/errors.js';
import type { StatedPreprocessing } from '../../../core/scan/stated-preprocessing.js';
import type { Survey } from '../../../core/survey/index.js';

/** What was found out about one model. */
export interface InspectEntry {
  /** As the user named it. */
  readonly path: string;
  readonly format?: string | undefined;
  readonly digest?: string | undefined;
  readonly bytes?: number | undefined;
  readonly files: readonly string[];
  /** What the model's files say of it: a scan without --scale, --mean and --std takes it. */
  readonly preprocessing?: StatedPreprocessing | undefined;
  /** Undefined where the file could not be read. */
  readonly survey?: Survey | undefined;
  /** Why the model cannot be scanned. */
  readonly obstacle?: { readonly code: ScanErrorCode; readonly message: string } | undefined;
}

/** Never rejects: a model that cannot be read is an answer too. */
export async function inspectModel(runner: Pick<IsolatedRunner, 'survey'>, job: SurveyJob): Promise<InspectEntry> {
  const { path } = job;
  try {
    const { survey, ...file } = await runner.survey(job);
    return { path, ...file, survey, obstacle: survey.obstacle };
  } catch (thrown) {
    const { code, message } = asScanError(thrown, 'internal', path);
    const known = code === 'cancelled' ? {} : await bytesOf(path);
    return { path, ...known, files: [], obstacle: { code, message } };
  }
}

/** A file that cannot be decoded is named by its bytes. */
async function bytesOf(path: string): Promise<{ digest?: string; bytes?: number }> {
  try {
    return (await stat(path)).isFile() ? await fileDigest(path) : {};
  } catch {
    return {};
  }
}
