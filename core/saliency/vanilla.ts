import { backward } from '../compile/backward/index.js';

/** The ordinary gradient (Simonyan et al. 2013): at a ReLU, dX = dY [x > 0]. */
export const vanilla = backward;
