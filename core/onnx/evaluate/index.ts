import { bytesOf } from '../dtypes.js';
import type { Tensor } from '../graph.js';
import type { OpCall } from '../shapes/call.js';
import { inferTypes } from '../shapes/index.js';
import { sizeOf } from '../tensor.js';
import type { FoldBudget } from './budget.js';
import type { Evaluator } from './call.js';
import { cast } from './cast.js';
import { elementwiseEvaluators } from './elementwise.js';
import { constant, generateEvaluators, shape, size } from './generate.js';
import { indexingEvaluators } from './indexing.js';
import { layoutEvaluators } from './layout.js';
import { matmulEvaluators } from './matmul.js';
import { normalizationEvaluators } from './normalization.js';
import { quantizeEvaluators } from './quantize.js';
import { reduceEvaluators } from './reduce.js';

/** Ops of the default domain that can be computed when all their inputs are constant. */
export const evaluators: ReadonlyMap<string, Evaluator> = new Map(
  Object.entries({
    ...elementwiseEvaluators,
    Cast: cast,
    CastLike: cast,
    ...generateEvaluators,
    ...indexingEvaluators,
    ...layoutEvaluators,
    ...matmulEvaluators,
    ...normalizationEvaluators,
    ...quantizeEvaluators,
    ...reduceEvaluators,
  }),
);

/** Results that share the input's elements or are tiny cost nothing. */
const free = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/**
 * The outputs of a node that does not depend on the image, exact for integers, rounded once per op for floats.
 * Undefined when an input is not constant or the op cannot be computed here.
 * @throws ScanError as {@link inferTypes}, and `model-too-large` when the budget is used up
 */
export function evaluate(call: OpCall, budget: FoldBudget): readonly Tensor[] | undefined {
  const { node } = call;
  if (node.domain !== '') return undefined;
  // The type alone decides these.
  if (node.op === 'Constant') return constant(call, []);
  if (node.op === 'Shape') return shape(call, []);
  if (node.op === 'Size') return size(call, []);
  const evaluator = evaluators.get(node.op);
  if (evaluator === undefined || node.inputs.some((name, i) => name !== '' && call.constants[i] === undefined)) {
    return undefined;
  }
  const types = inferTypes(call);
  if (!free.has(node.op)) {
    let bytes = 0;
    let work = 0;
    for (const { dtype, dims } of types) {
      bytes += sizeOf(dims) * bytesOf(dtype);
      work += sizeOf(dims);
    }
    for (const tensor of call.constants) work += tensor === undefined ? 0 : sizeOf(tensor.dims);
    budget.spend(call, bytes, work);
  }
  return evaluator(call, types);
}
