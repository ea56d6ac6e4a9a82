import type { BackwardTable } from '../compile/backward/rule.js';
import type { SaliencyRuleName } from '../scan/features.js';
import { guided } from './guided.js';
import { rectified } from './rectified.js';
import { vanilla } from './vanilla.js';

/** Every saliency rule is the backward table with the entries of the activations replaced. */
export const saliencyRules: Readonly<Record<SaliencyRuleName, BackwardTable>> = { vanilla, guided, rectified };
