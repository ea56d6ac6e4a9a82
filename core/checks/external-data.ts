import type { Check, CheckFinding } from './check.js';

/** Where the rest of a model of several files lies. What lies outside of its folder is refused when the model is read. */
export const externalData: Check = {
  id: 'external-data',
  title: 'Weights in other files',
  help: 'The model is all of these files together: its digest covers them, and a copy needs them.',
  run: ({ files }) =>
    files.slice(1).map((file): CheckFinding => ({
      severity: 'note',
      place: file,
      message: `tensors are stored in '${file}' beside the model`,
    })),
};
