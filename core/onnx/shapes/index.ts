import { ScanError } from '../../scan/errors.js';
import { reasonToRefuse } from '../refused.js';
import { describeNode } from './call.js';
import type { OpCall, ShapeRule, ValueType } from './call.js';
import { convShapes } from './conv.js';
import { einsum } from './einsum.js';
import { generateShapes } from './generate.js';
import { indexingShapes } from './indexing.js';
import { layoutShapes } from './layout.js';
import { logicShapes } from './logic.js';
import { mathShapes } from './math.js';
import { matmulShapes } from './matmul.js';
import { microsoftShapes } from './microsoft.js';
import { normShapes } from './norm.js';
import { poolShapes } from './pool.js';
import { quantizeShapes } from './quantize.js';
import { reduceShapes } from './reduce.js';
import { resizeShapes } from './resize.js';
import { sequenceShapes } from './sequence.js';

export type { OpCall, ShapeRule, ValueType } from './call.js';

/** One rule per op; ops outside the default domain are keyed `<domain>:<op>`. */
export const shapeRules: ReadonlyMap<string, ShapeRule> = merge(
  mathShapes,
  logicShapes,
  reduceShapes,
  layoutShapes,
  indexingShapes,
  generateShapes,
  convShapes,
  poolShapes,
  normShapes,
  matmulShapes,
  { Einsum: einsum },
  resizeShapes,
  quantizeShapes,
  sequenceShapes,
  Object.fromEntries(Object.entries(microsoftShapes).map(([op, rule]) => [`com.microsoft:${op}`, rule])),
);

/**
 * Types of a node's outputs, position by position.
 * @throws ScanError `model-unsupported-op` for an op without a rule or a shape that depends on the image,
 * `model-malformed` when the node contradicts the op's definition, `model-too-large` for a value beyond {@link maxElements}.
 */
export function inferTypes(call: OpCall): readonly ValueType[] {
  const { node, opset } = call;
  const rule = shapeRules.get(node.domain === '' ? node.op : `${node.domain}:${node.op}`);
  if (rule === undefined) {
    const reason = reasonToRefuse(node.domain === '' ? node.op : `${node.domain}.${node.op}`);
    throw new ScanError(
      'model-unsupported-op',
      reason === undefined
        ? `${describeNode(node, opset)} is not supported in domain "${node.domain || 'ai.onnx'}"; to support it, add its shape rule to core/onnx/shapes/index.ts`
        : `${describeNode(node, opset)} ${reason}`,
    );
  }
  const types = rule(call);
  if (node.outputs.length > types.length && node.outputs.slice(types.length).some((name) => name !== '')) {
    throw new ScanError(
      'model-malformed',
      `${describeNode(node, opset)} has ${node.outputs.length} outputs, not ${types.length}`,
    );
  }
  for (const type of types) checkSize(call, type);
  return types;
}

/** Elements one value may have: 8 GiB of float32, far beyond what fits into an engine run. */
export const maxElements = 2 ** 31;

function checkSize({ node, opset }: OpCall, { dims }: ValueType): void {
  let elements = 1;
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new ScanError('model-malformed', `${describeNode(node, opset)} yields the shape [${dims.join(', ')}]`);
    }
    // A zero elsewhere must not hide an absurd dim.
    elements *= Math.max(dim, 1);
  }
  if (elements > maxElements) {
    throw new ScanError(
      'model-too-large',
      `${describeNode(node, opset)} yields [${dims.join(', ')}], more than ${maxElements} elements; use fewer images per run or a smaller input`,
    );
  }
}

function merge(...tables: readonly Readonly<Record<string, ShapeRule>>[]): Map<string, ShapeRule> {
  const rules = new Map<string, ShapeRule>();
  for (const [op, rule] of tables.flatMap((table) => Object.entries(table))) {
    if (rules.has(op)) throw new Error(`two shape rules for ${op}`);
    rules.set(op, rule);
  }
  return rules;
}
