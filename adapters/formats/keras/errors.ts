import { ScanError } from '../../../core/scan/errors.js';

/** Errors of one model file. */
export interface Refusals {
  readonly title: string;
  readonly malformed: (problem: string) => never;
  /** A layer, function or setting that is not translated. */
  readonly unsupported: (problem: string) => never;
  readonly tooLarge: (problem: string) => never;
}

export const exportAdvice =
  "Export the model to ONNX where it was made: model.export('model.onnx', format='onnx'), or python -m tf2onnx.convert";

/** @param title how errors name the file. */
export function refusalsOf(title: string): Refusals {
  return {
    title,
    malformed: (problem) => {
      throw new ScanError('model-malformed', `${title}: ${problem}. Save the model again`);
    },
    unsupported: (problem) => {
      throw new ScanError('model-unsupported-op', `${title}: ${problem}. ${exportAdvice}`);
    },
    tooLarge: (problem) => {
      throw new ScanError('model-too-large', `${title}: ${problem}`);
    },
  };
}
