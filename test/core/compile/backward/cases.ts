import type { GradientCase } from '../../../support/gradient-case.js';
import { convCases } from './conv.cases.js';
import { elementwiseCases } from './elementwise.cases.js';
import { indexingCases } from './indexing.cases.js';
import { layoutCases } from './layout.cases.js';
import { matmulCases } from './matmul.cases.js';
import { microsoftCases } from './microsoft.cases.js';
import { normalizationCases } from './normalization.cases.js';
import { poolCases } from './pool.cases.js';
import { recurrentCases } from './recurrent.cases.js';
import { reduceCases } from './reduce.cases.js';
import { resizeCases } from './resize.cases.js';
import { softmaxCases } from './softmax.cases.js';

/** Every backward rule, one row per variant of its op. */
export const cases: readonly GradientCase[] = [
  ...convCases,
  ...poolCases,
  ...elementwiseCases,
  ...reduceCases,
  ...softmaxCases,
  ...matmulCases,
  ...normalizationCases,
  ...layoutCases,
  ...indexingCases,
  ...resizeCases,
  ...microsoftCases,
  ...recurrentCases,
];
