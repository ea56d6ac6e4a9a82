import { decomposedOps } from '../onnx/decompose.js';
import { dequantisedOps } from '../onnx/dequantise.js';
import { reasonToRefuse } from '../onnx/refused.js';
import { sequenceOps } from '../onnx/sequences.js';
import { shapeRules } from '../onnx/shapes/index.js';
import { backward } from './backward/index.js';
import { zeroDerivative } from './backward/zero.js';

/**
 * - `rule`: has a backward rule.
 * - `zero`: its derivative is zero wherever it exists; nothing flows back through it.
 * - `replaced`: is written in other ops, or resolved, before anything is differentiated.
 * - `forward`: may compute something that does not lie between image and logits.
 * - `none`: a model that computes with it is refused.
 */
export type OpSupport = 'rule' | 'zero' | 'replaced' | 'forward' | 'none';

/** What is done with an op. Some forms of an op with a rule are refused all the same; compiling a model tells. */
export function opSupport({ domain, op }: { readonly domain: string; readonly op: string }): OpSupport {
  const name = qualifiedName({ domain, op });
  if (Object.hasOwn(backward, name)) return 'rule';
  if (domain === '' && zeroDerivative.has(op)) return 'zero';
  if (
    decomposedOps.has(name) ||
    dequantisedOps.has(name) ||
    (domain === '' && (resolved.has(op) || sequenceOps.has(op)))
  )
    return 'replaced';
  if (!shapeRules.has(domain === '' ? op : `${domain}:${op}`)) return 'none';
  return reasonToRefuse(name) === undefined ? 'forward' : 'none';
}

/** `Conv`, `com.microsoft.FusedConv`. */
export function qualifiedName({ domain, op }: { readonly domain: string; readonly op: string }): string {
  return domain ? `${domain}.${op}` : op;
}

/** Constants, conditions that do not depend on the image, and names that later opsets gave up. */
const resolved = new Set(['Constant', 'If', 'Scatter', 'Upsample']);
