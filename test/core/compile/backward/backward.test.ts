import { describe, test } from 'node:test';
import { backward } from '../../../../core/compile/backward/index.js';
import { checkGradient } from '../../../support/finite-difference.js';
import { cases } from './cases.js';

/** Another seed tries other numbers. */
const base = Number(process.env.NEURONINSPECT_TEST_SEED ?? 0);

describe('backward rules agree with finite differences', () => {
  for (const row of cases) test(`${row.op}: ${row.detail}`, () => checkGradient(row, backward, base));
});
