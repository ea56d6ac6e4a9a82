import type { Check, CheckFinding } from './check.js';

/**
 * Where the rest of a model of several files lies: weights, or the config that says what they are. What lies outside of its
 * folder is refused when the model is read.
 */
export const externalData: Check = {
  id: 'external-data',
  title: 'A model of several files',
  help: 'The model is all of these files together: its digest covers them, and a copy needs them.',
  run: ({ files }) =>
    files.slice(1).map((file): CheckFinding => ({
      severity: 'note',
      place: file,
      message: `the model needs '${file}' beside it`,
    })),
};
